"""The log of a run: a JSON object per line, one per step, and the steps whose loss leapt, traced to their
conversations."""

from __future__ import annotations

import json
import os
import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from train.loop import Step
from train.render import Rendered

WINDOW = 50
"""Steps that a loss is compared with."""
LEAP = 6.0
"""Deviations above the median (median absolute deviation, scaled to a normal's) that make a spike."""


class Log:
    """Writes `log.jsonl`; after a resumption, lines of steps that will be taken again are removed."""

    def __init__(self, path: Path, from_step: int = 0) -> None:
        lines = [one for one in read(path) if one.get("step", -1) < from_step] if from_step else []
        making = path.with_suffix(".tmp")
        with making.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        making.replace(path)
        self.recent = deque([one["loss"] for one in lines if one["kind"] == "step"][-WINDOW:], maxlen=WINDOW)
        self.file: IO[str] = path.open("a", encoding="utf-8")

    def write(self, kind: str, **values: Any) -> None:
        """One line, on the disk at once."""
        self.file.write(json.dumps({"kind": kind, **values}) + "\n")
        self.file.flush()

    def step(self, step: Step, sequences: Sequence[Rendered], **values: Any) -> None:
        """A step's line, and a `spike` line with the worst conversations if its loss leapt."""
        rate = step.slots / step.seconds if step.seconds else 0.0
        self.write(
            "step",
            step=step.number,
            loss=step.loss,
            targets=step.targets,
            rate=step.rate,
            norm=step.norm,
            seconds=round(step.seconds, 4),
            tokens_per_second=round(rate, 1),
            **values,
        )
        usual = expected(self.recent)
        if usual is not None and step.loss > usual:
            self.write("spike", step=step.number, loss=step.loss, limit=usual, worst=worst(step, sequences))
        self.recent.append(step.loss)

    def close(self) -> None:
        """Close the file, all of it on the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()


def expected(recent: Sequence[float]) -> float | None:
    """The loss above which a step is a spike, or None before there is enough to compare with.

    >>> expected([2.0, 2.1, 1.9] * 5)
    2.889...
    """
    if len(recent) < 10:
        return None
    middle = statistics.median(recent)
    spread = 1.4826 * statistics.median(abs(loss - middle) for loss in recent)
    return middle + LEAP * max(spread, 0.01 * middle)


def worst(step: Step, sequences: Sequence[Rendered], count: int = 5) -> list[dict[str, Any]]:
    """The conversations of a step that lost most: id, nats per target, targets."""
    ranked = sorted(step.losses, key=lambda one: -step.losses[one][0])[:count]
    return [
        {
            "conversation_id": sequences[one].conversation_id,
            "loss": step.losses[one][0] / max(step.losses[one][1], 1),
            "targets": step.losses[one][1],
        }
        for one in ranked
    ]


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log; a last line that a crash cut short is passed over."""
    if not path.exists():
        return
    for line in path.read_text("utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
