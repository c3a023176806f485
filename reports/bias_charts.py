"""Charts of a bias page, as plain data: a dot for a value, a line for its interval, a rule beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from reports.bias_facts import Facts, Rate, Share, Swap
from reports.tables_view import Table, table
from reports.words import Words

MOST_ROWS = 40
WIDEST = 16.0
"""A ratio beyond this (or under its inverse) is drawn at the edge; the table has the number."""


@dataclass(frozen=True)
class Line:
    """A value with its interval: `tone` tells what stands out."""

    label: str
    value: str
    at: float
    low: float
    high: float
    tone: Literal["bar", "removed", "kept", "changed"]
    title: str


@dataclass(frozen=True)
class Intervals:
    """A chart of lines; `rule` is where nothing differs (None for shares), on a logarithmic scale or not."""

    name: str
    title: str
    summary: str
    lines: tuple[Line, ...]
    rule: float | None
    scale: Literal["log", "linear"]
    form: Literal["ratio", "percent", "score"]
    table: Table

    def data(self) -> dict[str, Any]:
        """What the drawing needs."""
        whole = asdict(self)
        return {key: whole[key] for key in ("name", "title", "summary", "lines", "rule", "scale", "form")}


def group_name(facts: Facts, key: str, lang: str) -> str:
    """The plain name of a group."""
    return next((group.names.get(lang, key) for group in facts.groups if group.key == key), key)


def slice_name(facts: Facts, kind: str, name: str | None, words: Words) -> str:
    """The plain name of a slice of any kind."""
    if kind == "group":
        return group_name(facts, name or "", words.lang)
    if kind == "language":
        return words.name("languages", name or "und")
    if kind == "role":
        return words.name("role", name or "")
    return name or words("unknown")


def times(words: Words, value: float | None) -> str:
    """A ratio in words of the language: `2.50`, `∞`.

    >>> from reports.words import load
    >>> times(load("fr"), 2.5), times(load("en"), None)
    ('2,50', '∞')
    """
    return "∞" if value is None else words.number(value, 2)


def removed(facts: Facts, kind: str, words: Words) -> Intervals | None:
    """For each slice of a kind: messages removed by all passes, against the others."""
    rows = [one for one in facts.sieve if (one.by, one.verb, one.kind) == ("", "dropped", kind)]
    if not rows:
        return None
    rows = sorted(rows, key=lambda one: (-_ratio(one), one.slice))
    lines = tuple(ratio_line(facts, one, words) for one in rows[:MOST_ROWS])
    title = words(f"bias.sieve.chart_{kind}")
    sure = sum(1 for one in rows if one.claimed)
    return Intervals(
        name=f"removed-{kind}",
        title=title,
        summary=words("bias.sieve.summary", n=len(rows), sure=sure),
        lines=lines,
        rule=1.0,
        scale="log",
        form="ratio",
        table=rates_table(facts, rows, title, words),
    )


def _ratio(one: Rate) -> float:
    if one.ratio is not None:
        return one.ratio
    return WIDEST if one.count else 1.0


def ratio_line(facts: Facts, one: Rate, words: Words) -> Line:
    """A rate's ratio, cut to what can be drawn."""
    label = slice_name(facts, one.kind, one.slice, words)
    value = f"{words.percent(one.rate)} · ×{times(words, one.ratio)}"
    ends = f"{times(words, one.ratio_low)}–{times(words, one.ratio_high)}"
    detail = f"{label}: {value} ({ends}), n = {words.number(one.n)}"
    tone: Literal["bar", "removed", "kept"] = "bar"
    if one.claimed:
        tone = "removed" if _ratio(one) > 1 else "kept"
    return Line(
        label,
        value,
        _clip(_ratio(one)),
        _clip(one.ratio_low),
        _clip(WIDEST if one.ratio_high is None else one.ratio_high),
        tone,
        detail,
    )


def _clip(value: float) -> float:
    return min(max(value, 1 / WIDEST), WIDEST)


def rates_table(
    facts: Facts, rows: Iterable[Rate], title: str, words: Words, *, passes: bool = False
) -> Table:
    """Rates in numbers; with `passes` the pass and what it did before the slice."""
    lead = [words("bias.sieve.pass"), words("bias.sieve.what")] if passes else []
    head = [
        *lead,
        words("bias.slice"),
        words("bias.n"),
        words("bias.sieve.rate"),
        words("bias.interval"),
        words("bias.sieve.other_rate"),
        words("bias.ratio"),
        words("bias.interval"),
        words("bias.sieve.fifths"),
        words("bias.sure"),
    ]
    told = []
    for one in rows:
        first = []
        if passes:
            verb = words(f"bias.sieve.{'alone' if one.verb == 'flagged' else one.verb}")
            first = [one.by or words("bias.who.all"), verb]
        told.append(
            [
                *first,
                slice_name(facts, one.kind, one.slice, words),
                one.n,
                (one.count, one.n),
                between(words, one.low, one.high, percent=True),
                words.percent(one.other_rate),
                times(words, one.ratio),
                f"{times(words, one.ratio_low)}–{times(words, one.ratio_high)}",
                ""
                if one.four_fifths is None
                else words.number(one.four_fifths, 2) + (" ⚑" if one.marked else ""),
                words("bias.yes") if one.claimed else words("bias.no"),
            ]
        )
    return table(words, title, head, told, 3 if passes else 1)


def between(words: Words, low: float, high: float, *, percent: bool = False, digits: int = 2) -> str:
    """The ends of an interval."""
    if percent:
        return f"{words.percent(low)}–{words.percent(high)}"
    return f"{signed(words, low, digits)} … {signed(words, high, digits)}"


def signed(words: Words, value: float, digits: int = 2) -> str:
    """A difference with its sign.

    >>> from reports.words import load
    >>> signed(load("en"), -0.5), signed(load("en"), 0.25)
    ('−0.50', '+0.25')
    """
    return ("−" if value < 0 else "+") + words.number(abs(value), digits)


def mentions(facts: Facts, words: Words) -> Intervals | None:
    """The share of messages that mention each group, as read."""
    rows = [s for s in facts.representation if (s.stage, s.unit, s.role) == ("read", "messages", "")]
    if not rows:
        return None
    rows = sorted(rows, key=lambda one: (-one.share, one.group))
    lines = tuple(
        Line(
            group_name(facts, one.group, words.lang),
            words.percent(one.share),
            one.share,
            one.low,
            one.high,
            "changed" if one.claimed else "bar",
            f"{words.number(one.count)} / {words.number(one.of)}",
        )
        for one in rows[:MOST_ROWS]
    )
    return Intervals(
        name="mentions",
        title=words("bias.mentions.chart"),
        summary=words("bias.mentions.summary", n=len(rows), largest=lines[0].label),
        lines=lines,
        rule=None,
        scale="linear",
        form="percent",
        table=mentions_table(facts, facts.representation, words),
    )


def mentions_table(facts: Facts, rows: Sequence[Share], words: Words) -> Table:
    """Shares by group, stage, unit and role."""
    head = [
        words("bias.group"),
        words("bias.mentions.stage"),
        words("bias.mentions.unit"),
        words("bias.mentions.role"),
        words("bias.mentions.count"),
        words("bias.mentions.of"),
        words("share"),
        words("bias.interval"),
    ]
    told = [
        [
            group_name(facts, one.group, words.lang),
            words(f"bias.mentions.{one.stage}"),
            words(f"bias.mentions.{one.unit}"),
            words.name("role", one.role) if one.role else words("bias.mentions.anyone"),
            one.count,
            one.of,
            (one.count, one.of),
            between(words, one.low, one.high, percent=True),
        ]
        for one in sorted(rows, key=lambda s: (s.group, s.stage != "read", s.unit != "messages", s.role))
    ]
    return table(words, words("bias.nav.mentions"), head, told, 4)


def scorer(facts: Facts, language: str, words: Words) -> Intervals | None:
    """Scores of neutral sentences by group, less the mean over all groups."""
    rows = [one for one in facts.swaps if (one.language, one.source) == (language, "neutral")]
    if not rows:
        return None
    rows = sorted(rows, key=lambda one: (-abs(one.difference), one.group))
    told = words.name("languages", language)
    lines = tuple(
        _score_line(facts, one, words) for one in sorted(rows[:20], key=lambda one: -one.difference)
    )
    most = words.number(max(abs(one.difference) for one in rows), 2)
    every = [one for one in facts.swaps if one.language == language]
    return Intervals(
        name=f"scorer-{language}",
        title=words("bias.scorer.chart", language=told),
        summary=words("bias.scorer.summary", n=len(rows), most=most),
        lines=lines,
        rule=0.0,
        scale="linear",
        form="score",
        table=swaps_table(facts, every, words("bias.scorer.chart", language=told), words),
    )


def _score_line(facts: Facts, one: Swap, words: Words) -> Line:
    tone: Literal["bar", "removed", "kept"] = "bar"
    if one.claimed:
        tone = "removed" if one.difference > 0 else "kept"
    name = group_name(facts, one.group, words.lang)
    value = signed(words, one.difference)
    return Line(name, value, one.difference, one.low, one.high, tone, f"{name}: {value}")


def swaps_table(facts: Facts, rows: Sequence[Swap], title: str, words: Words) -> Table:
    """The scorer's means and differences by source of sentences and group."""
    head = [
        words("bias.group"),
        words("bias.scorer.source"),
        words("bias.n"),
        words("bias.scorer.mean"),
        words("bias.difference"),
        words("bias.interval"),
        words("bias.scorer.above"),
        words("bias.sure"),
    ]
    told = [
        [
            group_name(facts, one.group, words.lang),
            words(f"bias.scorer.{one.source}"),
            one.sentences,
            words.number(one.mean, 2),
            signed(words, one.difference),
            between(words, one.low, one.high),
            (one.above, one.of),
            words("bias.yes") if one.claimed else words("bias.no"),
        ]
        for one in sorted(rows, key=lambda s: (s.source, -abs(s.difference)))
    ]
    return table(words, title, head, told, 2)
