"""How far each shard under way is: a worker writes a number into a tiny file, the run reads them all.

A picture for people and nothing else: no result depends on it, and only a folder of this machine has it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from curate.storage import Storage

SECONDS = 0.5
"""Between two looks."""


class Pulse:
    """One shard's: `beat` after each of `steps` steps."""

    def __init__(self, storage: Storage, folder: str, number: int, steps: int) -> None:
        self.path = Path(storage.path(f"{folder}/{number:05d}")) if storage.local else None
        self.steps, self.done = steps, 0

    def beat(self) -> None:
        """One step more is done."""
        self.done += 1
        if self.path:
            # A disk that is full stops the run where it writes results, with a sentence; not here.
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.write_text(f"{self.done / self.steps:.3f}")


def share(path: Path) -> float:
    """What a pulse says; 0 for one that is just being written, or not there yet."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return 0.0


@contextmanager
def watched(
    storage: Storage, folder: str, weights: Sequence[int], tell: Callable[[int], None]
) -> Iterator[Callable[[int], None]]:
    """Tell now and then how much of all weights is done; gives what to call for a shard that is whole."""
    whole: set[int] = set()
    over = threading.Event()
    lock = threading.Lock()

    def done() -> int:
        running = [n for n in range(len(weights)) if n not in whole] if storage.local else []
        shares = sum(weights[n] * share(Path(storage.path(f"{folder}/{n:05d}"))) for n in running)
        return int(sum(weights[n] for n in whole) + shares)

    def look() -> None:
        while not over.wait(SECONDS):
            with lock:
                tell(done())

    def finished(number: int) -> None:
        with lock:
            whole.add(number)
            tell(done())

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    try:
        yield finished
    finally:
        over.set()
        looker.join()
