"""One trial: an arm trained with one seed, then scored on what was held out. Trials run a core each."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import pickle
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from train.config import Config, changed, from_dict
from train.errors import NotFiniteError, TrainError
from train.evaluate import Options
from train.records import Conversation, content_hash

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a worker needs; the conversations lie in files that all trials share."""

    arm: str
    seed: int
    budget: int
    """Target tokens to train on."""
    config: dict[str, Any]
    train: str
    sets: tuple[tuple[str, str], ...]
    """What to score on: (name, file)."""
    folder: str
    key: str
    keep: bool = False
    """Leave the trained model in the folder."""
    prune: bool = False
    """A run that comes to no number gives a result without sums, where else it is an error."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a trial: for each set [conversations, 4] (nll, tokens, text_nll, bytes); the training."""

    arm: str
    seed: int
    sums: dict[str, Array]
    targets: int
    steps: int
    epochs: float
    loss: float
    lost_share: float
    seconds: float


def put(conversations: Sequence[Conversation], path: Path) -> str:
    """Write conversations for the workers; the file's path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(list(conversations), pickle.HIGHEST_PROTOCOL))
    return str(path)


def take(path: str) -> list[Conversation]:
    """What `put` wrote (by this very run, in its own folder)."""
    found: list[Conversation] = pickle.loads(Path(path).read_bytes())
    return found


def key_of(config: Config, budget: int, train: Sequence[Conversation], sets: Sequence[Any]) -> str:
    """What a stored result must have been made from to stand for a trial."""
    return key(config, budget, [content_hash(train), *(content_hash(one) for one in sets)])


def key(config: Config, budget: int, hashes: Sequence[str]) -> str:
    """The same, from the hashes of what is trained on and of what is scored."""
    return hashlib.sha256(json.dumps([config.hash(), budget, list(hashes)]).encode()).hexdigest()[:16]


def run(trial: Trial) -> Result:
    """Train and score; a result that an earlier run left for the same trial is taken as it is."""
    place = Path(trial.folder) / f"{trial.arm.replace('/', '_').replace(':', '-')}-{trial.seed}"
    stored = place.with_suffix(".json")
    if (found := read(stored, trial.key)) is not None:
        return found
    from train import fit as fits
    from train.terminal import silence

    silence()
    config = from_dict(trial.config, "a trial")
    config = changed(config, "run", seed=trial.seed)
    config = changed(config, "model", init_seed=trial.seed)
    config = changed(config, "optim", tokens=trial.budget, steps=0)
    config = changed(config, "data", lost_limit=1.0)  # what is cut is told beside the figures
    conversations = take(trial.train)
    losses: list[tuple[float, int]] = []
    shutil.rmtree(place, ignore_errors=True)
    try:
        done = fits.fit(
            config,
            place,
            conversations=conversations,
            watch=lambda step, state, fit: losses.append((step.loss, step.targets)),
        )
    except NotFiniteError:
        if not trial.prune:
            raise
        shutil.rmtree(place, ignore_errors=True)
        result = pruned(trial, losses)
        write(result, stored, trial.key)
        return result
    sums = {
        name: score(done.model, done.tokenizer, take(path), config.data.stand_ins)[0]
        for name, path in trial.sets
    }
    told = done.prepared.accounting
    last = losses[-max(1, len(losses) // 10) :]
    result = Result(
        arm=trial.arm,
        seed=trial.seed,
        sums=sums,
        targets=done.state.targets,
        steps=len(losses),
        epochs=done.state.targets / max(told.trained, 1),
        loss=sum(a * b for a, b in last) / max(sum(b for _, b in last), 1),
        lost_share=told.lost_share,
        seconds=done.state.seconds,
    )
    if not trial.keep:
        shutil.rmtree(place, ignore_errors=True)
    write(result, stored, trial.key)
    return result


def pruned(trial: Trial, losses: Sequence[tuple[float, int]]) -> Result:
    """The result of a run that came to no number after so many steps."""
    return Result(
        arm=trial.arm,
        seed=trial.seed,
        sums={},
        targets=sum(targets for _, targets in losses),
        steps=len(losses),
        epochs=0.0,
        loss=math.nan,
        lost_share=0.0,
        seconds=0.0,
    )


def seconds_per_target(trial: Trial, steps: int = 4) -> float:
    """Seconds that a target token of this trial costs here, from its first steps but the very first."""
    from train import fit as fits
    from train.terminal import silence

    silence()
    config = changed(from_dict(trial.config, "a trial"), "optim", steps=steps)
    config = changed(config, "data", lost_limit=1.0)
    place = Path(trial.folder) / "timing"
    shutil.rmtree(place, ignore_errors=True)
    seen: list[tuple[float, int]] = []
    fits.fit(
        config,
        place,
        conversations=take(trial.train),
        watch=lambda step, state, fit: seen.append((step.seconds, step.targets)),
    )
    shutil.rmtree(place, ignore_errors=True)
    told = seen[1:] or seen
    return sum(a for a, _ in told) / max(sum(b for _, b in told), 1)


def score(
    model: Any, tokenizer: Any, conversations: Sequence[Conversation], stand_ins: str = "mask"
) -> tuple[Array, bool]:
    """[conversations, 4]: nll, tokens, text_nll and bytes of the targets of each conversation; and whether
    the bytes are those of the text, which a tokenizer that is not byte-level does not tell."""
    from train.evaluate import Scorer, filled
    from train.lora import plain
    from train.render import Renderer
    from train.tokenizer import bytes_per_id

    base = plain(model)
    options = filled(Options(stand_ins=stand_ins), base)
    scorer = Scorer(base, Renderer(tokenizer, stand_ins), bytes_per_id(tokenizer), options)
    told, _ = scorer.cells(conversations)
    return told.sums(told.target, len(conversations)), told.exact


def read(path: Path, key: str) -> Result | None:
    """A stored result of the same trial, or None."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if told.pop("key", None) != key:
        return None
    told["loss"] = math.nan if told["loss"] is None else told["loss"]
    told["sums"] = {name: np.array(rows, np.float64).reshape(-1, 4) for name, rows in told["sums"].items()}
    return Result(**told)


def write(result: Result, path: Path, key: str) -> None:
    """Keep a result, whole or not at all; numbers only."""
    told = {**vars(result), "key": key, "sums": {name: rows.tolist() for name, rows in result.sums.items()}}
    told["loss"] = result.loss if math.isfinite(result.loss) else None
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(told), "utf-8")
    beside.replace(path)


def run_all(trials: Sequence[Trial], workers: int) -> Iterator[Result]:
    """The results as they come; `workers` processes of one thread each, or this process for one."""
    with side_by_side(min(workers, len(trials))) as carry_out:
        yield from carry_out(trials)


GLANCE = 0.2
"""Seconds after which a wait begins anew: once Polars is loaded, Ctrl-C does not end one."""

CarryOut = Callable[[Sequence[Trial]], Iterator[Result]]


@contextlib.contextmanager
def side_by_side(workers: int) -> Iterator[CarryOut]:
    """A function that carries out trials and gives results as they come; its processes stay between calls.

    It raises TrainError where one of them was killed.
    """
    if workers <= 1:
        yield lambda trials: map(run, trials)
        return
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=alone) as pool:

        def carry_out(trials: Sequence[Trial]) -> Iterator[Result]:
            waiting = {pool.submit(run, trial) for trial in trials}
            try:
                while waiting:
                    done, waiting = wait(waiting, timeout=GLANCE, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            except BrokenProcessPool as error:
                raise TrainError(
                    "a process that trained was killed, by lack of memory perhaps; run the same again with "
                    "fewer --workers: what was finished is kept"
                ) from error

        try:
            yield carry_out
        except BaseException:  # interrupted, or one trial failed: nobody waits for the others
            stop(pool)
            raise


def stop(pool: ProcessPoolExecutor) -> None:
    """End a pool's processes now; a trial that was under way is begun again by the next run.

    From Python 3.14 on `terminate_workers` does it; before, they are only to be had where that finds them.
    """
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()


def alone() -> None:
    """A worker computes on one thread: those of several would wait for each other. Ctrl-C is for its parent,
    with which it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    torch.set_num_threads(1)


def end_with_parent() -> None:
    """Wait for the parent to be gone, then be gone: a killed command leaves nothing that goes on training."""
    from multiprocessing import parent_process

    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def workers_for(device: str, trials: int) -> int:
    """How many trials run side by side: one on a GPU, else one a core."""
    if device != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, trials))
