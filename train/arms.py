"""What is trained on, side by side: all that was read, what was kept, and controls between the two."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from train import records, table
from train.errors import ConfigError, unknown
from train.records import Conversation
from train.split import Split

RAW, KEPT, RANDOM, EPOCHS, WITHOUT = "raw", "kept", "random", "kept, equal epochs", "without "


@dataclass(frozen=True)
class Arm:
    """Conversations to train on. `epochs_of`: as many epochs as this arm gets, not as many targets.

    `over`: the arm it is compared with.
    """

    name: str
    conversations: tuple[Conversation, ...]
    over: str = RAW
    epochs_of: str = ""
    says: str = ""

    @property
    def weight(self) -> int:
        """Bytes of the text that is learned: what target tokens will be in proportion to."""
        return sum(learned_bytes(one) for one in self.conversations)


def learned_bytes(one: Conversation) -> int:
    """Bytes of a conversation's text that is learned."""
    return sum(len(m.content.encode("utf-8", "replace")) for m in one.messages if m.learned)


def without(conversations: Iterable[Conversation], away: Collection[str]) -> tuple[Conversation, ...]:
    """Those that have something to learn and are not held out, nor copies (`augmented_from`) of what is."""
    return tuple(
        one
        for one in conversations
        if one.id not in away
        and one.measures.get("augmented_from") not in away
        and any(m.learned for m in one.messages)
    )


def raw(out: str | Path, split: Split) -> Arm:
    """All that a run read, as read, private values replaced."""
    told = without(table.as_read(out), split.away)
    return Arm(RAW, told, over=KEPT, says="all that was read, as read, private values replaced")


def kept(out: str | Path, split: Split, name: str = KEPT) -> Arm:
    """What a run kept."""
    return Arm(name, without(records.read(out), split.away), says="what curation kept, as curated")


def random_drop(whole: Arm, size: int, seed: int) -> Arm:
    """So much of all that was read, drawn at random, that `size` bytes to learn are left."""
    order = list(whole.conversations)
    random.Random(seed).shuffle(order)
    chosen: list[Conversation] = []
    left = size
    for one in order:
        if left <= 0:
            break
        chosen.append(one)
        left -= learned_bytes(one)
    return Arm(
        RANDOM, tuple(chosen), over=KEPT, says="all that was read, dropped at random down to the size kept"
    )


def equal_epochs(told: Arm) -> Arm:
    """What was kept, seen as often as raw is: fewer steps."""
    said = "what curation kept, each conversation seen as often as in raw (fewer steps)"
    return replace(told, name=EPOCHS, over=RAW, epochs_of=RAW, says=said)


def passes(manifest: dict[str, Any], wanted: Sequence[str] = ()) -> list[tuple[str, str]]:
    """(name, kind) of a run's passes that can be left out; all that did something, or those wanted.

    ConfigError for a name that the recipe has not.
    """
    told = [(one["name"], one["kind"]) for one in manifest["recipe"]["passes"]]
    names = [name for name, kind in told if kind in ("rewrite", "decider", "global")]
    for name in wanted:
        if name not in names:
            raise ConfigError(unknown("pass", name, names, "the run's recipe"))
    did = {step.get("pass") for told in ("funnel", "touched") for step in manifest[told]}
    return [(name, kind) for name, kind in told if name in (wanted or [n for n in names if n in did])]


def left_out(out: str | Path, split: Split, name: str, kind: str, work: Path) -> Arm:
    """What would have been kept without one pass.

    A rewrite: the texts that it alone changed as read. A pass that decides: the run's stored measures judged
    again without it (`curate rejudge`, on a linked copy: the run itself is not touched).
    """
    arm = f"{WITHOUT}{name}"
    if kind == "rewrite":
        told = without(table.as_kept(out, name), split.away)
        said = f"kept, but what {name} alone changed is as read"
        return Arm(arm, told, over=KEPT, says=said)
    from curate.rejudge import rejudge

    copy = linked(Path(out), work / f"without-{name}")
    rejudge(str(copy), [f"{name}.then=flag"])
    told = without(records.read(copy), split.away)
    return Arm(arm, told, over=KEPT, says=f"what would have been kept had {name} only flagged")


def linked(out: Path, copy: Path) -> Path:
    """A copy of a run's folder in which files are links where the disk allows: nothing writes into a file."""
    import shutil

    shutil.rmtree(copy, ignore_errors=True)
    for path in sorted(out.rglob("*")):
        target = copy / path.relative_to(out)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.suffix in (".parquet", ".json", ".jsonl", ".md"):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.hardlink_to(path)
            except OSError:
                shutil.copy(path, target)
    return copy


def other(
    name: str, source: str, away: Sequence[Conversation], split: Split, out: str | Path | None = None
) -> tuple[Arm, int]:
    """Another tool's set without what is held out or near it, and how many were left out for that."""
    from train.leak import leaks

    told = list(without(records.read(source), split.away))
    found, _ = leaks(told, away, out)
    gone = {one.trained for one in found}
    kept_ = tuple(one for one in told if one.id not in gone)
    return Arm(name, kept_, over=RAW, says=f"the set in {Path(source).name}"), len(told) - len(kept_)
