"""What a page's charts show, as plain data: Observable Plot (reports/vendor) draws them in the browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from reports.shapes import Count, Histogram, RunFacts, Slices
from reports.tables_view import Table, table
from reports.words import Words

Tone = Literal["ink", "kept", "masked", "removed", "changed", "flagged"]


LEAST_BARS = 6
TOO_SMALL = 0.004
"""Beyond the first LEAST_BARS a slice under this share of the largest is not drawn: it would be a hair."""


@dataclass(frozen=True)
class Segment:
    """A piece of a bar, from `start` to `stop` on the axis."""

    row: int
    start: float
    stop: float
    tone: Tone
    title: str


@dataclass(frozen=True)
class Bar:
    """A line of a bar chart: its name, and its number in words."""

    label: str
    value: str


@dataclass(frozen=True)
class Chart:
    """One chart: `kind` is how it is drawn, `summary` what it shows in a sentence, `table` its numbers."""

    name: str
    kind: Literal["bars", "rows", "bins"]
    title: str
    summary: str
    table: Table
    bars: tuple[Bar, ...] = ()
    segments: tuple[Segment, ...] = ()
    limits: tuple[tuple[float, str], ...] = ()
    legend: tuple[tuple[Tone, str], ...] = ()

    def data(self) -> dict[str, Any]:
        """What the drawing needs."""
        drawn = ("name", "kind", "title", "summary", "bars", "segments", "limits")
        whole = asdict(self)
        return {name: whole[name] for name in drawn}


def sieve(facts: RunFacts, words: Words) -> Chart:
    """Conversations from read to kept, each removing pass as a step down."""
    read, kept = facts.read.conversations, facts.kept.conversations
    steps = [one for one in facts.passes if one.took.conversations or one.took.messages]
    bars = [Bar(words("sieve.read"), words.number(read))]
    segments = [Segment(0, 0, read, "ink", words("numbers.conversations", n=read))]
    left = read
    for i, one in enumerate(steps, 1):
        gone = one.took.conversations
        share = words.percent(gone, read)
        bars.append(Bar(words("sieve.removed_by", name=one.name), f"−{words.number(gone)} · {share}"))
        said = words("numbers.conversations", n=gone)
        segments.append(Segment(i, left - gone, left, "removed", f"{one.name}: {said}"))
        left -= gone
    bars.append(Bar(words("sieve.kept"), f"{words.number(kept)} · {words.percent(kept, read)}"))
    segments.append(Segment(len(bars) - 1, 0, kept, "kept", words("numbers.conversations", n=kept)))
    told = ", ".join(f"{one.name} {words.number(one.took.conversations)}" for one in steps)
    key = "sieve.summary" if steps else "sieve.summary_none"
    return Chart(
        name="sieve",
        kind="bars",
        title=words("sieve.chart"),
        summary=words(key, read=read, kept=kept, steps=told),
        table=sieve_table(facts, words),
        bars=tuple(bars),
        segments=tuple(segments),
    )


def sieve_table(facts: RunFacts, words: Words) -> Table:
    """The funnel in numbers: conversations and messages, and their share of what was read."""
    read = facts.read
    lines = [(words("sieve.read"), read)]
    lines += [
        (words("sieve.removed_by", name=one.name), one.took)
        for one in facts.passes
        if one.took.conversations or one.took.messages
    ]
    lines += [(words("sieve.kept"), facts.kept)]
    lines += [
        (words(f"sieve.{name}"), amount)
        for name, amount in (("changed", facts.changed), ("flagged", facts.flagged), ("masked", facts.masked))
    ]
    rows: list[list[object]] = [
        [
            name,
            amount.conversations,
            (amount.conversations, read.conversations),
            amount.messages,
            (amount.messages, read.messages),
        ]
        for name, amount in lines
    ]
    share = words("share")
    head = [words("sieve.step"), words("sieve.conversations"), share, words("sieve.messages"), share]
    return table(words, words("sieve.chart"), head, rows)


def fates(slices: Slices, names: Sequence[str], words: Words) -> Chart:
    """Messages of each slice: kept; shown, not learned; removed. `names` are the slices in plain words."""
    shown = [*slices.slices, *([slices.others] if slices.others else [])]
    bars: list[Bar] = []
    segments, rows = [], []
    for one, name in zip(shown, names, strict=True):
        by = ", ".join(f"{count.name} {words.number(count.count)}" for count in one.dropped_by)
        counts = [
            one.messages,
            one.kept,
            one.masked,
            one.dropped,
            (one.dropped, one.messages),
            one.flagged,
            one.changed,
        ]
        rows.append([name, *counts, by])
        if len(bars) >= LEAST_BARS and one.messages < TOO_SMALL * shown[0].messages:
            continue
        i, stay = len(bars), one.kept + one.masked
        share = words.percent(stay, one.messages)
        bars.append(Bar(name, f"{words.number(stay)} · {share} {words('lengths.kept')}"))
        start = 0
        for tone, count in (("kept", one.kept), ("masked", one.masked), ("removed", one.dropped)):
            if count:
                said = f"{words(f'numbers.{tone}')} — {words('numbers.messages', n=count)}"
                segments.append(Segment(i, start, start + count, tone, f"{name}: {said}"))  # type: ignore[arg-type]
            start += count
    keys = ("messages", "kept", "masked", "removed", "share", "flagged", "changed", "removed_by")
    head = [words("slices.name")] + [
        words("share") if key == "share" else words(f"slices.{key}") for key in keys
    ]
    title = words(f"slices.{slices.kind}")
    first = names[0] if names else ""
    summary = words("slices.summary", n=len(slices.slices) + slices.left_out, largest=first)
    if len(bars) < len(rows):
        summary += f" {words('slices.small', n=len(rows) - len(bars))}"
    return Chart(
        name=slices.kind,
        kind="bars",
        title=title,
        summary=summary,
        table=table(words, title, head, rows),
        bars=tuple(bars),
        segments=tuple(segments),
        legend=_legend(words, "slices", ("kept", "masked", "removed")),
    )


def lengths(name: Literal["words", "turns"], found: Histogram, words: Words) -> Chart:
    """A bar per range of lengths: what is kept and what is removed."""
    bars, segments, rows = [], [], []
    last = max((i for i, count in enumerate(found.read) if count), default=-1)
    for i in range(last + 1):
        label, read, kept = _range(found, i, words), found.read[i], found.kept[i]
        bars.append(Bar(label, words.number(read)))
        for tone, start, stop in (("kept", 0, kept), ("removed", kept, read)):
            if stop > start:
                said = f"{label}: {words.number(stop - start)} {words(f'lengths.{tone}')}"
                segments.append(Segment(i, start, stop, tone, said))  # type: ignore[arg-type]
        rows.append([label, read, kept, read - kept, (read, found.measured)])
    top = max(range(last + 1), key=lambda i: found.read[i], default=0)
    head = [words(f"lengths.{key}") for key in ("range", "read", "kept", "removed")] + [words("share")]
    share = words.percent(found.read[top], found.measured)
    told = {
        "range": _range(found, top, words),
        "share": share,
        "read": found.measured,
        "kept": sum(found.kept),
    }
    return Chart(
        name=name,
        kind="rows",
        title=words(f"lengths.{name}"),
        summary=words("lengths.summary", **told),
        table=table(words, words(f"lengths.{name}"), head, rows),
        bars=tuple(bars),
        segments=tuple(segments),
        legend=_legend(words, "slices" if name == "words" else "numbers", ("kept", "removed")),
    )


def _range(found: Histogram, i: int, words: Words) -> str:
    """`3–4`, `5`, or `1,000+` for the open end."""
    start, stop = found.edges[i], found.edges[i + 1]
    low = words.number(start or 0)
    if stop is None:
        return f"{low}+"
    return low if stop == (start or 0) + 1 else f"{low}–{words.number(stop - 1)}"


def toxicity(found: Histogram, words: Words) -> Chart:
    """Messages by score; the limits as lines across."""
    segments, rows = [], []
    lowest = min(found.limits, default=2.0)
    for i, count in enumerate(found.read):
        start, stop = found.edges[i] or 0.0, found.edges[i + 1] or 1.0
        label = f"{words.number(start, 2)}–{words.number(stop, 2)}"
        if count:
            tone: Tone = "flagged" if start >= lowest else "ink"
            said = f"{label}: {words('numbers.messages', n=count)}"
            segments.append(Segment(count, start, stop, tone, said))
        rows.append([label, count, found.kept[i], (count, found.measured)])
    above = sum(count for i, count in enumerate(found.read) if (found.edges[i] or 0.0) >= lowest)
    summary = words("toxicity.summary_unlimited", n=found.measured)
    if found.limits:
        summary = words("toxicity.summary", n=found.measured, above=above, limit=words.number(lowest, 2))
    head = [words("toxicity.score"), words("lengths.read"), words("lengths.kept"), words("share")]
    return Chart(
        name="toxicity",
        kind="bins",
        title=words("toxicity.chart"),
        summary=summary,
        table=table(words, words("toxicity.chart"), head, rows),
        segments=tuple(segments),
        limits=tuple(
            (limit, words("toxicity.limit", limit=words.number(limit, 2))) for limit in found.limits
        ),
    )


def counted(
    name: str, title: str, summary: str, head: tuple[str, str], counts: Iterable[Count], words: Words
) -> Chart:
    """A bar per name."""
    found = tuple(counts)
    return Chart(
        name=name,
        kind="rows",
        title=title,
        summary=summary,
        table=table(words, title, head, [[one.name, one.count] for one in found]),
        bars=tuple(Bar(one.name, words.number(one.count)) for one in found),
        segments=tuple(
            Segment(i, 0, one.count, "changed", f"{one.name}: {words.number(one.count)}")
            for i, one in enumerate(found)
        ),
    )


def _legend(words: Words, section: str, tones: tuple[Tone, ...]) -> tuple[tuple[Tone, str], ...]:
    return tuple((tone, words(f"{section}.{tone}").lower()) for tone in tones)
