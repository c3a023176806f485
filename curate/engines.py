"""The executors: any `map` will do. In this process, in spawned workers, or as Ray tasks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol, TypeVar

from curate.errors import TamisError, unknown

ENGINES = ("local", "ray")
T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """Calls a top-level function on each task; answers come in the order of the tasks."""

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """The answers, in order, as they come."""


class InProcess:
    """All in this process, one task after the other, with all of Polars' threads."""

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """The answers, in order, as they come."""
        return map(function, tasks)


class Workers:
    """Spawned processes with one Polars and one kernel thread each."""

    def __init__(self, count: int) -> None:
        self.count = count

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """The answers, in order, as they come."""
        if len(tasks) < 2:
            yield from map(function, tasks)
            return
        spawn = multiprocessing.get_context("spawn")
        count = min(self.count, len(tasks))
        with one_thread_each(), ProcessPoolExecutor(count, mp_context=spawn, initializer=follow) as pool:
            futures = [pool.submit(function, task) for task in tasks]
            try:
                for future in futures:
                    yield future.result()
            except BrokenProcessPool:
                raise TamisError(
                    "a worker process died, most likely for want of memory: run the same again with fewer "
                    "workers, what is done stays done; or a script calls curate.run with workers outside "
                    "`if __name__ == '__main__':`"
                ) from None
            except BaseException:  # interrupted, or one task failed: nobody wants the others' answers
                stop(pool)
                raise


def follow() -> None:
    """In a worker: leave an interrupt to the parent, and end when the parent is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def stop(pool: ProcessPoolExecutor) -> None:
    """End a pool's processes now; what they have not finished is begun again by the next run.

    ProcessPoolExecutor has `terminate_workers` for this from Python 3.14 on; before, the processes are only
    to be had from where that finds them.
    """
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Child processes started inside have one Polars and one kernel thread (both read it when they start)."""
    names = ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Ray:
    """Tasks on a Ray cluster; inputs and OUT must be on storage that every node reaches."""

    def __init__(self, address: str | None = None) -> None:
        try:
            import ray
        except ImportError:
            raise TamisError("the engine 'ray' is not installed; pip install 'tamis[ray]'") from None
        self.ray = ray
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, include_dashboard=False)

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """The answers, in order, as they come."""
        remote = self.ray.remote(num_cpus=1)(function)
        for reference in [remote.remote(task) for task in tasks]:
            yield self.ray.get(reference)


def executor(name: str = "local", workers: int = 0) -> Executor:
    """The executor of a name: local or ray. `workers` 0 means one for each core."""
    if name == "ray":
        return Ray()
    if name != "local":
        raise TamisError(unknown("engine", name, ENGINES, "--engine"))
    count = workers or (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return Workers(count) if count > 1 else InProcess()
