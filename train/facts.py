"""What a training run's page shows, read from the files in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.folder import read_run
from train.log import read as read_log


@dataclass(frozen=True)
class Spike:
    """A step whose loss leapt, and its worst conversations with what curation had done to them."""

    step: int
    loss: float
    limit: float
    worst: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Sample:
    """What the model answers, greedily, to the first messages of a conversation it learned from."""

    conversation_id: str
    asked: str
    answered: str


@dataclass(frozen=True)
class Facts:
    """A run: options and counts (`run`), its steps' lines, spikes, samples, an evaluation if any."""

    run: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...]
    spikes: tuple[Spike, ...]
    samples: tuple[Sample, ...] = ()
    evaluation: Mapping[str, Any] | None = None

    @property
    def targets(self) -> int:
        """Target tokens that the steps took."""
        return sum(int(one["targets"]) for one in self.steps)

    @property
    def seconds(self) -> float:
        """Time that the steps took."""
        return sum(float(one["seconds"]) for one in self.steps)


def gather(folder: str | Path) -> Facts:
    """The facts of a run's folder; DataError where there is no run."""
    folder = Path(folder)
    run = read_run(folder)
    lines = list(read_log(folder / "log.jsonl"))
    spikes = [one for one in lines if one["kind"] == "spike"]
    ids = sorted({worst["conversation_id"] for one in spikes for worst in one["worst"]})
    known = history(Path(run["config"]["data"]["source"]), ids) if ids else {}
    samples = folder / "samples.json"
    return Facts(
        run=run,
        steps=tuple(one for one in lines if one["kind"] == "step"),
        spikes=tuple(spike(one, known) for one in spikes),
        samples=tuple(Sample(**one) for one in json.loads(samples.read_text("utf-8")))
        if samples.exists()
        else (),
        evaluation=json.loads((folder / "eval.json").read_text("utf-8"))
        if (folder / "eval.json").exists()
        else None,
    )


def spike(line: Mapping[str, Any], known: Mapping[str, str]) -> Spike:
    """A spike's line with the history of its conversations."""
    worst = tuple({**one, "history": known.get(one["conversation_id"], "")} for one in line["worst"])
    return Spike(line["step"], line["loss"], line["limit"], worst)


def history(out: Path, ids: Sequence[str]) -> dict[str, str]:
    """What curation did to conversations, by id: passes that changed, flagged or masked; empty where
    `out` is no curation run."""
    found: dict[str, list[str]] = {one: [] for one in ids}
    for table, columns in (("messages", ("changed_by",)), ("verdicts", ("flags", "decided_by"))):
        for path in sorted((out / table).glob("*.parquet")):
            for row in rows(path, ids, columns):
                for column in columns:
                    for name in (row.get(column) or "").split():
                        told = f"{VERBS[column]} {name}"
                        if told not in found[row["conversation_id"]]:
                            found[row["conversation_id"]].append(told)
    return {one: ", ".join(told) for one, told in found.items()}


VERBS = {"changed_by": "changed by", "flags": "flagged by", "decided_by": "decided by"}


def rows(path: Path, ids: Sequence[str], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of some conversations, of the columns that are there."""
    from pyarrow import parquet  # type: ignore[import-untyped]

    there = [name for name in columns if name in parquet.read_schema(path).names]
    if not there:
        return []
    table = parquet.read_table(
        path, columns=["conversation_id", *there], filters=[("conversation_id", "in", ids)]
    )
    found: list[dict[str, Any]] = table.to_pylist()
    return found
