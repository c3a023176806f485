"""What would be kept at other limits: the counts of `limits.json`, and the sliders that show them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reports.shapes import Limit, LimitStep, ReportError, RunFacts
from reports.tables_view import Table, difference, table
from reports.words import Words

NAME = "limits.json"
FORMAT = "tamis-limits"
VERSION = 1
SHOWN = 40
"""Limits on a page."""


class _Limit(msgspec.Struct, frozen=True):
    by: str = msgspec.field(name="pass")
    option: str
    now: int | float
    then: str
    steps: tuple[LimitStep, ...]


class _File(msgspec.Struct, frozen=True):
    format: str
    version: int
    limits: tuple[_Limit, ...]


def read_limits(out: Path) -> tuple[Limit, ...]:
    """The limits of a run; none where it was made before runs counted them.

    Raises ReportError for a file of another form.
    """
    path = out / NAME
    if not path.is_file():
        return ()
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except msgspec.MsgspecError:
        raise ReportError(
            f"{path} is no such file of Tamis; 'curate verify {out}' says what is wrong"
        ) from None
    if (found.format, found.version) != (FORMAT, VERSION):
        raise ReportError(
            f"{NAME} is {found.format} version {found.version}, this Tamis reads {FORMAT} version {VERSION}; "
            "'curate rejudge OUT' writes it again"
        )
    return tuple(Limit(by=o.by, option=o.option, now=o.now, then=o.then, steps=o.steps) for o in found.limits)


@dataclass(frozen=True)
class LimitView:
    """A limit with its slider: what it moves, where it stands, its counts in words, the same as a table.

    `draws` is what the bars show: conversations `kept`, messages `learned` where the pass only masks, `met`
    where it only flags.
    """

    facts: Limit
    setting: str
    says: str
    note: str
    place: int
    draws: str
    met: str
    steps: tuple[dict[str, str], ...]
    table: Table

    def data(self) -> dict[str, Any]:
        """What the slider needs."""
        counts = {
            "kept": [one.conversations for one in self.facts.steps],
            "learned": [one.messages - one.masked for one in self.facts.steps],
            "met": [one.met for one in self.facts.steps],
        }
        drawn = counts[self.draws]
        return {"place": self.place, "draws": self.draws, "drawn": drawn, "steps": self.steps}


def views(facts: RunFacts, words: Words) -> tuple[tuple[LimitView, ...], tuple[LimitView, ...]]:
    """The limits whose moving changes something, what keeps most first; and those that change nothing."""
    kinds = {one.name: one.kind for one in facts.passes}
    shown = [_view(one, kinds.get(one.by, ""), words) for one in facts.limits[:SHOWN]]
    moving = [one for one in shown if _reach(one.facts) != (0, 0)]
    still = [one for one in shown if _reach(one.facts) == (0, 0)]
    return tuple(sorted(moving, key=lambda one: _reach(one.facts), reverse=True)), tuple(still)


def _reach(one: Limit) -> tuple[int, int]:
    """How far the values carry what is kept (conversations and learned messages), and what is met."""
    kept = [step.conversations for step in one.steps]
    learned = [step.messages - step.masked for step in one.steps]
    met = [step.met for step in one.steps]
    return max(kept) - min(kept) + max(learned) - min(learned), max(met) - min(met)


def _view(one: Limit, kind: str, words: Words) -> LimitView:
    present = next(step for step in one.steps if step.at == one.now)
    name = f"{one.by}.{one.option}"
    says = words.get("limits.option")
    draws = {"flag": "met", "mask": "learned"}.get(one.then, "kept")
    met = words("limits.taken" if kind == "global" else "limits.met")
    head = [words(f"limits.{key}") for key in ("at", "conversations", "change", "messages", "masked")] + [met]
    rows: list[list[object]] = [
        [
            _number(words, step.at),
            step.conversations,
            difference(words, step.conversations - present.conversations),
            step.messages,
            step.masked,
            step.met,
        ]
        for step in one.steps
    ]
    return LimitView(
        facts=one,
        setting=name,
        says=says.get(name) or says.get(one.option) or says["other"],
        note=words("limits.flags_only") if draws == "met" else "",
        place=one.steps.index(present),
        draws=draws,
        met=met,
        steps=tuple(_step(one, step, present, words) for step in one.steps),
        table=table(words, words("limits.table", name=name), head, rows),
    )


def _step(one: Limit, step: LimitStep, present: LimitStep, words: Words) -> dict[str, str]:
    told = {"at": _number(words, step.at), "set": f"{one.by}.{one.option}={step.at}"}
    for name in ("conversations", "messages", "masked", "met"):
        value, before = getattr(step, name), getattr(present, name)
        told[name] = words.number(value)
        told[f"{name}_moved"] = "" if value == before else words.signed(value - before)
    told["said"] = words(
        "limits.said",
        at=told["at"],
        n=step.conversations,
        moved=told["conversations_moved"] or words("limits.same"),
    )
    return told


def _number(words: Words, value: float) -> str:
    """A limit as it is written: integers whole, others with the digits they have."""
    if isinstance(value, int):
        return words.number(value)
    return words.number(value, max(2, len(f"{value}".partition(".")[2])))
