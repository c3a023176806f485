"""What a page says, from the facts, in words: headline, alarms, passes, charts and tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports import charts
from reports.charts import Chart
from reports.evidence import reason
from reports.files import INPUT
from reports.shapes import Alarm, Count, PassFacts, RunFacts, Slices
from reports.tables_view import Table, table
from reports.words import Words


@dataclass(frozen=True)
class PassView:
    """A pass as the page shows it: what it is, what it did, its reasons."""

    facts: PassFacts
    says: str
    kind: str
    did: tuple[tuple[str, str, str], ...]
    reasons: Table | None
    settings: str
    open: bool


@dataclass(frozen=True)
class AlarmSlice:
    """One slice of which a pass took too much: its name (empty where the title has it), share and numbers."""

    name: str
    share: str
    detail: str
    facts: Alarm


@dataclass(frozen=True)
class AlarmView:
    """The alarms of one pass in words."""

    title: str
    slices: tuple[AlarmSlice, ...]
    next: str


def headline(facts: RunFacts, words: Words) -> tuple[str, tuple[str, ...]]:
    """The verdict in one sentence, and the sentences under it."""
    read, kept, gone = facts.read.conversations, facts.kept.conversations, facts.removed.conversations
    if not read:
        first = words("head.empty")
    elif not kept:
        first = words("head.nothing")
    else:
        first = words("head.kept" if gone else "head.all", n=read, kept=kept)
    rest = []
    worst = max(facts.passes, key=lambda one: one.took.conversations, default=None)
    if gone and worst:
        count = worst.took.conversations
        if count == gone:
            rest.append(words("head.removed_by", n=gone, name=worst.name))
        else:
            often = "removed_most" if count * 2 > gone else "removed_often"
            rest.append(words(f"head.{often}", removed=gone, name=worst.name, count=count))
    if shown := answers_shown(facts):
        rest.append(words("head.masked", n=shown))
    if facts.unreadable.total:
        rest.append(words("head.unreadable", n=facts.unreadable.total))
    return first, tuple(rest)


def answers_shown(facts: RunFacts) -> int:
    """Answers that are shown, not learned: of what others say nothing is ever learned."""
    roles = (one.slices for one in facts.slices if one.kind == "role")
    return sum(one.masked for slices in roles for one in slices if one.name == "assistant")


def draw(facts: RunFacts, words: Words) -> dict[str, Chart]:
    """The page's charts by name, in order; none where there is nothing to show."""
    found: list[Chart] = []
    if facts.read.conversations:
        found.append(charts.sieve(facts, words))
    for slices in facts.slices:
        if any(one.name for one in slices.slices):
            found.append(charts.fates(slices, _slice_names(slices, words), words))
    for name, histogram in (("words", facts.words), ("turns", facts.turns)):
        if histogram.measured:
            found.append(charts.lengths(name, histogram, words))  # type: ignore[arg-type]
    if facts.toxicity:
        found.append(charts.toxicity(facts.toxicity, words))
    kinds = tuple(Count(name=words.name("pii", one.name), count=one.count) for one in facts.redacted.kinds)
    if kinds:
        summary = words("private.summary", n=facts.redacted.values, largest=kinds[0].name)
        head = (words("private.kind"), words("private.values"))
        found.append(charts.counted("private", words("private.chart"), summary, head, kinds, words))
    sizes = facts.duplicates.sizes
    filled = max((i for i, one in enumerate(sizes) if one.count), default=0)
    if filled:
        head = (words("duplicates.size"), words("duplicates.groups"))
        title = words("duplicates.sizes")
        found.append(charts.counted("sizes", title, title, head, sizes[: filled + 1], words))
    return {one.name: one for one in found}


def _slice_names(slices: Slices, words: Words) -> list[str]:
    named = {"language": "languages", "role": "role"}
    names = []
    for one in slices.slices:
        told = words.name(named[slices.kind], one.name) if slices.kind in named else one.name
        names.append(told or words("unknown"))
    if slices.others:
        names.append(words("others", n=slices.left_out))
    return names


def alarms(facts: RunFacts, words: Words) -> tuple[AlarmView, ...]:
    """The alarms in words, those of one pass as one, in the run's order."""
    groups: dict[tuple[str, str], list[Alarm]] = {}
    for alarm in facts.alarms:
        kind = "quarantine" if alarm.kind == "quarantine" else "pass"
        groups.setdefault((kind, alarm.by), []).append(alarm)
    return tuple(_alarms(kind, by, own, words) for (kind, by), own in groups.items())


def _alarms(kind: str, by: str, own: Sequence[Alarm], words: Words) -> AlarmView:
    where = [_where(one, words) for one in own]
    if len(own) == 1:
        share = words.percent(own[0].share)
        title = words(f"alarms.by_{kind}", share=share, slice=where[0], **{"pass": by})
    else:
        limit = words.percent(own[0].limit)
        title = words(f"alarms.several_{kind}", limit=limit, n=len(own), **{"pass": by})
    slices = tuple(
        AlarmSlice(
            place if len(own) > 1 else "",
            words.percent(one.share),
            words(f"alarms.detail_{kind}", count=one.count, of=one.of, limit=words.percent(one.limit)),
            one,
        )
        for one, place in zip(own, where, strict=True)
    )
    return AlarmView(title, slices, words(f"alarms.next_{kind}"))


def _where(alarm: Alarm, words: Words) -> str:
    """The slice of an alarm in words."""
    named = {"language": "languages", "role": "role"}
    name = alarm.slice_name
    if alarm.slice_kind in named:
        name = words.name(named[alarm.slice_kind], name) or words("unknown")
    known = alarm.slice_kind in ("source", "language", "role")
    return words(f"alarms.{alarm.slice_kind}", name=name) if known else words("alarms.all")


def passes(facts: RunFacts, words: Words) -> tuple[PassView, ...]:
    """Every pass in recipe order; the first rewrite and the one that took most show examples at once."""
    rewrites = [one.name for one in facts.passes if one.kind == "rewrite" and one.examples][:1]
    takers = [one for one in facts.passes if one.took.messages and one.examples]
    worst = max(takers, key=lambda one: one.took.messages, default=None)
    opened = {*rewrites, *([worst.name] if worst else [])}
    return tuple(_pass(one, words, opened=one.name in opened) for one in facts.passes)


def _pass(one: PassFacts, words: Words, *, opened: bool) -> PassView:
    says = words.get("pass")
    met = 0 if one.flagged.messages == one.took.messages + one.masked.messages else one.flagged.messages
    kinds = words.get("kind")
    did = (
        ("changed", words("reasons.changed"), one.changed.messages),
        ("flagged", words("reasons.flagged"), met),
        ("masked", words("reasons.masked"), one.masked.messages),
        ("removed", words("reasons.removed"), one.took.messages),
    )
    rows: list[list[object]] = [[reason(count.name, words), count.count] for count in one.reasons]
    head = [words("reasons.reason"), words("reasons.messages")]
    return PassView(
        facts=one,
        says=says.get(one.use, says["other"]),
        kind=kinds.get(one.kind, kinds["other"]),
        did=tuple((tone, name, words.number(count)) for tone, name, count in did if count),
        reasons=table(words, f"{words('reasons.more_reasons')} · {one.name}", head, rows) if rows else None,
        settings=_settings(one.options)[:400] if one.kind in ("decider", "global") else "",
        open=opened,
    )


def tables(facts: RunFacts, words: Words) -> dict[str, Table]:
    """The page's tables that belong to no chart."""
    unreadable, run = facts.unreadable, "run"

    def head(section: str, *keys: str) -> list[str]:
        return [words(f"{section}.{key}") for key in keys]

    first = [
        [
            one.source,
            words("unreadable.whole") if one.record is None else str(one.record),
            _bytes(one.start, one.stop),
            reason(one.reason, words),
        ]
        for one in unreadable.first
    ]
    passes = [
        [one.name, words.name("kind", one.kind), _settings(one.options) or words("run.defaults")]
        for one in facts.passes
        if one.kind != INPUT
    ]
    return {
        "reasons": table(
            words,
            words("unreadable.by_reason"),
            head("unreadable", "reason", "count"),
            [[reason(one.name, words), one.count] for one in unreadable.reasons],
        ),
        "sources": table(
            words,
            words("unreadable.by_source"),
            head("unreadable", "source", "count"),
            _pairs(unreadable.sources),
        ),
        "first": table(
            words,
            words("unreadable.first"),
            head("unreadable", "source", "record", "bytes", "reason"),
            first,
            4,
        ),
        "recipe": table(
            words, words("run.recipe", name=facts.recipe), head(run, "pass", "kind", "settings"), passes, 3
        ),
        "inputs": _inputs(facts, words),
    }


def _inputs(facts: RunFacts, words: Words) -> Table:
    """The inputs; their records only where the run counted them by file."""
    keys = ["source", "format", "records", "conversations"]
    rows: list[list[object]] = [
        [one.source, one.format, one.records, one.conversations] for one in facts.inputs
    ]
    if all(one.records is None for one in facts.inputs):
        keys.remove("records")
        rows = [[*row[:2], row[3]] for row in rows]
    return table(words, words("run.inputs"), [words(f"run.{key}") for key in keys], rows, 2)


def _pairs(counts: Sequence[Count]) -> list[list[object]]:
    return [[one.name, one.count] for one in counts]


def _bytes(start: int | None, stop: int | None) -> str:
    return "" if start is None or stop is None else f"{start}–{stop}"


def _settings(options: dict[str, Any]) -> str:
    """Options as they stand in a recipe, cut where they are long.

    >>> _settings({"limit": 0.8, "allowed": ["en", "fr"]})
    'limit = 0.8, allowed = ["en", "fr"]'
    """
    told = (
        f"{name} = {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in options.items()
    )
    return ", ".join(one if len(one) <= 200 else f"{one[:199]}…" for one in told)[:2_000]


def scorers(scorers: dict[str, Any]) -> list[tuple[str, str]]:
    """The models that scored, each with what the run tells of it."""
    return [
        (name, _settings(told) if isinstance(told, dict) else str(told)[:400])
        for name, told in list(scorers.items())[:20]
    ]
