"""From findings to alarms: what moved enough to act on, in which slice, which conversations, what to run."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from train.monitor.limits import Limits
from train.monitor.measures import SHARE, Array, Change, Finding, Measure, Part, Split, Table

MIXTURE, WITHIN, BOTH, UNSURE, WHOLE = "mixture", "within slices", "both", "not told apart", "whole"
COLLECTED = 20
"""Conversations that an alarm names."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: the measure, which kind of shift, the slice it comes from, and what to do next."""

    key: str
    shift: str
    slice: str
    change: Change
    form: str
    effect: float
    collect: tuple[str, ...]
    """Ids of fresh conversations of that slice, those that show it most first."""
    count: int
    """Conversations of the slice in all."""
    command: str
    general: str
    """The command without the id of a conversation, as the history keeps it."""


def alarms(
    findings: Sequence[Finding], base: Table, new: Table, limits: Limits, command: Command
) -> tuple[Alarm, ...]:
    """The alarms, largest effect first. An alarm is a difference that chance does not explain and that
    reaches its limit: of a measure, or within its slices where the mixture hides it."""
    found = []
    for one in findings:
        least = float(getattr(limits, one.kind))
        if one.whole.shown and abs(one.whole.value) >= least:
            cut = telling(one.splits)
            found.append(alarm(one, one.whole, kind_of(cut, one.splits), cut, new, command))
            continue
        if one.splits:
            sharp = min(one.splits, key=width)
            if sharp.within.shown and abs(sharp.within.value) >= least:
                found.append(alarm(one, sharp.within, WITHIN, sharp, new, command))
    return tuple(sorted(found, key=lambda told: -abs(told.change.value) / (limit_of(limits, told.key) or 1)))


def width(one: Split) -> float:
    """How wide the interval of a shift within slices is: the slicing that explains most leaves the least."""
    low, high = one.within.low, one.within.high
    return math.inf if low is None or high is None else high - low


def limit_of(limits: Limits, key: str) -> float:
    """The limit that a measure has."""
    return float(getattr(limits, key.split(":")[0]))


def telling(splits: Sequence[Split]) -> Split | None:
    """The slicing to tell a shift by: whose mixture explains most of it where any does, else the one with
    the slice that moved most by its own value."""

    def explains(one: Split) -> tuple[bool, float]:
        if one.mixture.shown:
            return True, abs(one.mixture.value)
        return False, max((abs(part.within) for part in one.parts), default=0.0)

    return max(splits, key=explains, default=None)


def kind_of(cut: Split | None, splits: Sequence[Split]) -> str:
    """Which of its two parts a shift is, where their intervals say so.

    Within slices is only said where it holds in every slicing: what one does not explain another may.
    """
    if cut is None:
        return WHOLE
    names = {(True, True): BOTH, (True, False): MIXTURE, (False, True): WITHIN, (False, False): UNSURE}
    within = all(one.within.shown for one in splits) if not cut.mixture.shown else cut.within.shown
    return names[cut.mixture.shown, within]


def alarm(one: Finding, change: Change, shift: str, cut: Split | None, new: Table, command: Command) -> Alarm:
    """An alarm with its slice and the conversations to look at."""
    place = "all"
    rows = np.ones(len(new.ids), bool)
    if cut is not None:
        part = worst(cut.parts, change.value, shift)
        place = f"{cut.by}: {part.name}"
        named = {told.name for told in cut.parts} - {part.name}
        of = np.array([name not in named if part.name == "others" else name == part.name
                       for name in cut_names(new, cut)])  # fmt: skip
        rows = of if of.any() else rows
    elif one.kind in new.slices:
        place = one.key
    measure = new.measures.get(one.key)
    if measure is not None and one.form == SHARE and change.value > 0:
        rows = rows & (measure.over > 0)
    chosen = order(measure, rows, change.value)
    return Alarm(
        key=one.key,
        shift=shift,
        slice=place,
        change=change,
        form=one.form,
        effect=one.effect,
        collect=tuple(new.ids[n] for n in chosen[:COLLECTED]),
        count=int(rows.sum()),
        command=command.after(one.kind, new.ids[chosen[0]] if len(chosen) else ""),
        general=command.after(one.kind, ""),
    )


def cut_names(new: Table, cut: Split) -> list[str]:
    """The slice of each fresh conversation."""
    names: list[str] = new.slices[cut.by].tolist()
    return names


def worst(parts: Sequence[Part], value: float, shift: str) -> Part:
    """The slice that moves a measure most in the direction in which it moved."""
    sign = 1.0 if value >= 0 else -1.0
    if shift == MIXTURE:
        return max(parts, key=lambda part: sign * part.mixture)
    if shift == WITHIN:
        return max(parts, key=lambda part: sign * part.within)
    return max(parts, key=lambda part: sign * (part.mixture + part.within))


def order(measure: Measure | None, rows: Array, value: float) -> list[int]:
    """Rows, those that show a difference most first."""
    places = np.flatnonzero(rows)
    if measure is None:
        return [int(n) for n in places]
    places = places[measure.under[places] > 0]
    each = measure.over[places] / measure.under[places]
    return [int(n) for n in places[np.argsort(-each if value > 0 else each, kind="stable")]]


@dataclass(frozen=True)
class Command:
    """What was watched, for the commands that lead on from an alarm."""

    model: str
    baseline: str
    logs: tuple[str, ...]

    def after(self, kind: str, conversation: str) -> str:
        """The commands to run next: curate the fresh logs, then look where the alarm points."""
        first = shlex.join(["curate", "run", *self.logs, "--out", "fresh/"])
        then = {
            "perplexity": ["train", "eval", self.model, "fresh/"],
            "bits": ["train", "eval", self.model, "fresh/"],
            "topic": ["curate", "diversity", "fresh/"],
            "group": ["curate", "bias", "fresh/"],
        }.get(kind, ["curate", "compare", self.baseline, "fresh/"])
        if conversation and kind in ("toxicity", "refusal", "pii"):
            then = ["curate", "why", "fresh/", conversation]
        return f"{first} && {shlex.join(then)}"
