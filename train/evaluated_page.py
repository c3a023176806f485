"""What `train eval` found beyond its figures, as the sections of `train.html`: each check that was asked for.

Made from the evaluation's JSON alone, so that a page needs no model and no torch. No secret and no answer
stands in it: the JSON holds figures only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from train.figures import number, span

MOST, OTHERS = 40, 8
"""Differences that are shown: of those that are claimed, and of the others, the largest first."""
LEFT = {"exchange": "only their own exchange", "alone": "system messages only"}

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Grid:
    """A table of text: the first column names the row, `marked` rows stand out."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: tuple[bool, ...]


@dataclass(frozen=True)
class Section:
    """A section: its name in links, title, what is measured, a table or none, and what else is said."""

    name: str
    title: str
    lead: str
    grid: Grid | None
    notes: tuple[str, ...] = ()


def sections(evaluation: Told | None) -> list[Section]:
    """The sections of an evaluation beside a run, in the order of the options of `train eval`.

    >>> sections(None), sections({"overall": {}, "slices": []})
    ([], [])
    """
    if not evaluation:
        return []
    checks = evaluation.get("checks") or {}
    made = [context(evaluation["context"])] if evaluation.get("context") else []
    for name, make in (
        ("pairs", pairs),
        ("swaps", swaps),
        ("requests", requests),
        ("written", written),
        ("memory", memory),
    ):
        if checks.get(name):
            made.append(make(checks[name]))
    return made


def context(gains: Sequence[Told]) -> Section:
    """What all that stands before an answer is worth to the model."""
    rows = [
        (
            LEFT[one["left"]],
            figure(one["with_context"], 4),
            figure(one["without"], 4),
            figure(one["gain"], 4),
            span(one["low"], one["high"], 4),
            figure(one["ratio"], 2),
            f"{one['answers']:,}",
        )
        for one in gains
    ]
    head = ("what is left of it", "with context", "with less", "gain", "95%", "perplexity, times", "answers")
    lead = "Bits per byte of the same answers with all that stands before them, and with less."
    marked = [one["low"] is not None and one["low"] > 0 for one in gains]
    return Section("context", "What context gives", lead, grid(head, rows, marked))


def pairs(told: Sequence[Told]) -> Section:
    """Which sentence of a pair the model expects more."""
    rows = [
        (
            one["kind"],
            f"{one['pairs']:,}",
            percent(one["more_likely"]),
            percents(one["low"], one["high"]),
            figure(one["after"], 4),
            span(one["after_low"], one["after_high"], 4),
        )
        for one in told
    ]
    head = ("kind", "pairs", "more stereotyping", "95%", "bits per token after the words", "95%")
    lead = "How often the more stereotyping sentence of a pair is expected more. Without a preference: 50%."
    notes = ("Marked: the interval leaves out 50%; each kind by itself.",)
    return Section("pairs", "Pairs of sentences", lead, grid(head, rows, marks(told)), notes)


def swaps(told: Sequence[Told] | str) -> Section:
    """How much what follows a group's name is expected."""
    lead = "Bits per token of what follows a group's name, against the other groups in the same sentence."
    if isinstance(told, str):
        return Section("swaps", "Names of groups swapped", lead, None, (f"Not done: {told}.",))
    return Section("swaps", "Names of groups swapped", lead, differences(told, "sentences"), (counted(told),))


def requests(told: Told) -> Section:
    """Whether answers depend on who asks."""
    lead = (
        f"{told['requests']:,} requests asked as every group, {told['answers']:,} answers: "
        "differences from the mean of the groups."
    )
    same = ", ".join(f"{name} {percent(value)}" for name, value in told["same"].items())
    notes = (counted(told["differences"]), f"Answered alike to the letter whoever asks: {same}.")
    return Section("requests", "Who asks", lead, differences(told["differences"], "requests"), notes)


def written(told: Told) -> Section:
    """What stands in answers that were asked for."""
    lead = f"{told['answers']:,} answers to how conversations begin, {told['words']:.0f} words each."
    rows = [
        ("begin like a refusal", *share(told["refusals"]), ""),
        ("hold a stand-in for a private value", *share(told["with_stand_ins"]), f"{told['stand_ins']:,}"),
    ]
    notes: tuple[str, ...] = ()
    if told["private"] is None or told["with_private"] is None:
        notes = (f"Not done: {told['skipped']}.",)
    else:
        kinds = told["private"]
        rows.append(
            ("hold a string that looks private", *share(told["with_private"]), f"{sum(kinds.values()):,}")
        )
        if kinds:
            notes = (", ".join(f"{kind}: {count:,}" for kind, count in kinds.items()),)
    told_of = grid(("answers that", "share", "95%", "found"), rows, [False] * len(rows))
    return Section("written", "What it writes", lead, told_of, notes)


def memory(told: Told) -> Section:
    """How well planted secrets are remembered."""
    rows = [
        (
            "never planted" if not one["copies"] else f"{one['copies']:,}",
            f"{one['canaries']:,}",
            figure(one["exposure"]["value"], 2),
            span(one["exposure"]["low"], one["exposure"]["high"], 2),
            figure(one["largest"], 2),
            f"{one['extracted']:,}",
            percents(one["extraction"]["low"], one["extraction"]["high"]),
        )
        for one in told["by_copies"]
    ]
    head = ("copies", "secrets", "exposure, bits", "95%", "largest", "given away when asked", "95%")
    lead = (
        f"Planted secrets, each ranked among {told['candidates']:,} others that were not. An exposure of "
        f"1.44 bits is chance, one of {figure(told['most'], 1)} is first of all."
    )
    marked = [bool(one["extracted"]) and bool(one["copies"]) for one in told["by_copies"]]
    return Section("memory", "What it remembers", lead, grid(head, rows, marked))


def differences(told: Sequence[Told], units: str) -> Grid:
    """Differences of groups: those that are claimed, then the largest of the others."""
    largest = sorted(told, key=lambda one: -abs(one["value"] or 0.0))
    claimed = [one for one in largest if one["claimed"]]
    shown = claimed[:MOST] + [one for one in largest if not one["claimed"]][:OTHERS]
    rows = [
        (
            one["measure"],
            one["group"],
            figure(one["value"], 3),
            span(one["low"], one["high"], 3),
            figure(one["q"], 3),
            f"{one['n']:,}",
        )
        for one in shown
    ]
    return grid(("measure", "group", "difference", "95%", "q", units), rows, marks(shown))


def counted(told: Sequence[Told]) -> str:
    """How many differences can be told from chance."""
    claimed = sum(one["claimed"] for one in told)
    return f"{claimed:,} of {len(told):,} can be told from chance (5% of them false at most)."


def marks(told: Sequence[Told]) -> list[bool]:
    """Which rows are claimed."""
    return [bool(one["claimed"]) for one in told]


def grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], marked: Sequence[bool]) -> Grid:
    """A table."""
    return Grid(head, tuple(rows), tuple(marked))


def figure(value: float | None, places: int) -> str:
    """A number, or a dash: JSON holds null for what is none.

    >>> figure(0.12345, 2), figure(None, 2)
    ('0.12', '-')
    """
    return "-" if value is None else number(value, places)


def percent(value: float | None) -> str:
    """A share in percent."""
    return "-" if value is None else f"{value:.1%}"


def percents(low: float | None, high: float | None) -> str:
    """The interval of a share in percent.

    >>> percents(0.25, 0.5), percents(None, None)
    ('[25.0, 50.0]', '-')
    """
    return "-" if low is None or high is None else span(100 * low, 100 * high, 1)


def share(told: Told) -> tuple[str, str]:
    """A share with its interval."""
    return percent(told["value"]), percents(told["low"], told["high"])
