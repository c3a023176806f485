"""What a page of two runs says: headline, tiles, charts, tables, and conversations that moved."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from reports.bias_charts import Intervals, Line
from reports.compare_facts import Comparison, Did, Moved, Shift, SliceMove
from reports.files import short
from reports.tables_view import Cell, Table, difference, table
from reports.words import Words

KINDS = ("source", "language", "role")
DRAWN = 16
"""Slices or passes in a chart; the table has all."""
MOST_SHIFTS = 60
NOTHING = Cell("", "", number=True)


@dataclass(frozen=True)
class Group:
    """Conversations that one run keeps and the other removed, by the pass that did."""

    kept_in: str
    removed_by: str
    title: str
    count: str
    examples: tuple[Moved, ...]


def headline(facts: Comparison, words: Words) -> tuple[str, tuple[str, ...]]:
    """What moved in one sentence, and the sentences under it."""
    a, b = facts.a, facts.b
    moved = b.kept - a.kept
    if not facts.same_input:
        shares = {"a": words.percent(a.kept, a.conversations), "b": words.percent(b.kept, b.conversations)}
        return words("compare.head.shares", **shares), (words("compare.head.other_input"),)
    if a.content == b.content:
        return words("compare.head.same"), (words("compare.head.same_why"),)
    key = "more" if moved > 0 else "fewer" if moved < 0 else "as_many"
    first = words(f"compare.head.{key}", n=abs(moved), kept=b.kept)
    rest = []
    if facts.fates:
        only = {"only_a": facts.fates.only_a, "only_b": facts.fates.only_b}
        rest.append(words("compare.head.only", **only))
    learned = b.learned - a.learned
    if learned:
        rest.append(words(f"compare.head.learned_{'more' if learned > 0 else 'fewer'}", n=abs(learned)))
    return first, tuple(rest)


def tiles(facts: Comparison, words: Words) -> tuple[tuple[str, str, str, str], ...]:
    """Name, what it is in b, what it was in a, and its tone: kept, removed, masked, learned."""

    def both(name: str, tone: str, a: int, b: int, of_a: int, of_b: int) -> tuple[str, str, str, str]:
        told = words(
            "compare.tile", a=words.number(a), share=words.percent(a, of_a), moved=words.signed(b - a)
        )
        if not facts.same_input:
            told = words("compare.tile_share", a=words.percent(a, of_a))
            return words(f"compare.{name}"), words.percent(b, of_b), told, tone
        return words(f"compare.{name}"), words.number(b), told, tone

    a, b = facts.a, facts.b
    gone = (a.conversations - a.kept, b.conversations - b.kept)
    return (
        both("kept", "kept", a.kept, b.kept, a.conversations, b.conversations),
        both("removed", "removed", gone[0], gone[1], a.conversations, b.conversations),
        both("masked", "masked", a.masked, b.masked, a.messages, b.messages),
        both("learned", "", a.learned, b.learned, a.messages, b.messages),
    )  # fmt: skip


def charts(facts: Comparison, words: Words) -> dict[str, Intervals]:
    """Charts by name: what each pass removed, and the share learned from of each slice; only what moved."""
    found = [_passes(facts, words)] + [_slices(facts, kind, words) for kind in KINDS]
    return {one.name: one for one in found if one and one.lines}


def _passes(facts: Comparison, words: Words) -> Intervals | None:
    """Messages that each pass removed, from a to b, as shares of what was read."""
    lines = []
    for one in facts.passes:
        a, b = _share(one.a, facts.a.messages), _share(one.b, facts.b.messages)
        if a or b:
            lines.append(_line(one.by, a, b, words, less_is="kept"))
    title = words("compare.passes.chart")
    return _chart("passes", title, words("compare.from_a_to_b"), lines, passes_table(facts, words))


def _share(did: Did | None, of: int) -> float:
    return (did.removed / of if of else 0.0) if did else 0.0


def _slices(facts: Comparison, kind: str, words: Words) -> Intervals | None:
    """Share of each slice's messages that is learned from, from a to b."""
    own = [one for one in facts.slices if one.kind == kind]
    lines = [
        _line(slice_name(one, words), one.a_learned / one.a_read, one.b_learned / one.b_read, words)
        for one in own
        if one.a_read and one.b_read
    ]
    title = words(f"compare.slices.chart_{kind}")
    return _chart(kind, title, words("compare.from_a_to_b"), lines, slices_table(own, title, words))


def _line(label: str, a: float, b: float, words: Words, less_is: str = "removed") -> Line:
    told = f"{words.percent(a)} → {words.percent(b)}"
    tone: Literal["bar", "removed", "kept", "changed"] = "bar"
    if round(a, 4) != round(b, 4):
        tone = "kept" if (b < a) == (less_is == "kept") else "removed"
    return Line(short(label, 60), told, b, min(a, b), max(a, b), tone, f"{label}: {told}")


def _chart(name: str, title: str, summary: str, lines: list[Line], told: Table) -> Intervals | None:
    moved = sorted(lines, key=lambda one: one.low - one.high)[:DRAWN]
    return Intervals(name, title, summary, tuple(moved), None, "linear", "percent", told)


def slice_name(one: SliceMove, words: Words) -> str:
    """The plain name of a slice."""
    named = {"language": "languages", "role": "role"}
    told = words.name(named[one.kind], one.name) if one.kind in named else one.name
    return short(told) or words("unknown")


def passes_table(facts: Comparison, words: Words) -> Table:
    """What each pass did in both runs."""
    columns = ("took", "removed", "masked", "flagged")
    head = [words("compare.passes.by")]
    for name in columns:
        head += [f"{words(f'compare.passes.{name}')} · A", "B", words("compare.change")]
    rows: list[list[object]] = []
    for one in facts.passes:
        row: list[object] = [one.by]
        for name in columns:
            a, b = (None if did is None else int(getattr(did, name)) for did in (one.a, one.b))
            row += ["–" if a is None else a, "–" if b is None else b, difference(words, (b or 0) - (a or 0))]
        rows.append(row)
    return table(words, words("compare.passes.chart"), head, rows)


def slices_table(rows: Iterable[SliceMove], title: str, words: Words) -> Table:
    """The slices of a kind in both runs."""
    keys = ("name", "read", "kept", "share", "learned", "share")
    head = [words("compare.slices.name")]
    for name in keys[1:]:
        head += [f"{words(f'compare.slices.{name}')} · A", "B"]
    told: list[list[object]] = [
        [
            slice_name(one, words),
            one.a_read,
            one.b_read,
            one.a_kept,
            one.b_kept,
            (one.a_kept, one.a_read),
            (one.b_kept, one.b_read),
            one.a_learned,
            one.b_learned,
            (one.a_learned, one.a_read),
            (one.b_learned, one.b_read),
        ]
        for one in rows
    ]
    return table(words, title, head, told)


def tables(facts: Comparison, words: Words) -> dict[str, Table]:
    """The tables that belong to no chart."""
    a, b = facts.a, facts.b
    names = ("conversations", "kept", "messages", "kept_messages", "masked", "learned", "unreadable")
    whole = {
        "kept": "conversations",
        "kept_messages": "messages",
        "masked": "messages",
        "learned": "messages",
    }
    sums: list[list[object]] = []
    for name in names:
        row: list[object] = [words(f"compare.sum.{name}")]
        for side in (a, b):
            count = getattr(side, name)
            row += [count, (count, getattr(side, whole[name])) if name in whole else NOTHING]
        sums.append([*row, difference(words, getattr(b, name) - getattr(a, name))])
    share = words("share")
    head = [words("compare.sum.what"), "A", f"{share} · A", "B", f"{share} · B", words("compare.change")]
    settings: list[list[object]] = [
        [one.by, one.option or words("compare.settings.whole"), _value(one.a, words), _value(one.b, words)]
        for one in facts.settings
    ]
    told = {
        "sums": table(words, words("compare.sum.title"), head, sums),
        "settings": table(
            words,
            words("compare.settings.title"),
            [words("compare.settings.by"), words("compare.settings.option"), "A", "B"],
            settings,
            4,
        ),
    }
    if facts.bias is not None:
        told["bias"] = bias_table(facts, facts.bias, words)
    return told


def _value(value: Any, words: Words) -> str:
    if isinstance(value, bool):
        return words("compare.settings.there" if value else "compare.settings.absent")
    return "–" if value is None else short(json.dumps(value, ensure_ascii=False), 120)


def bias_table(facts: Comparison, shifts: tuple[Shift, ...], words: Words) -> Table:
    """Numbers of the audits, before and after."""
    head = [words(f"compare.bias.{key}") for key in ("what", "slice")]
    head += ["A", words("bias.interval"), "B", words("bias.interval")]
    head += [words("bias.difference"), words("bias.interval"), words("bias.sure")]
    rows: list[list[object]] = []
    for one in shifts[:MOST_SHIFTS]:
        percent = one.what != "gap"

        def shown(value: float, percent: bool = percent) -> str:
            return words.percent(value) if percent else words.signed(value, 2)

        def moved(value: float, percent: bool = percent) -> str:
            told = words.signed(100 * value, 1) if percent else words.signed(value, 2)
            return words("compare.points", n=told) if percent else told

        rows.append(
            [
                shift_name(one, words),
                shift_slice(facts, one, words),
                shown(one.a),
                f"{shown(one.a_low)} – {shown(one.a_high)}",
                shown(one.b),
                f"{shown(one.b_low)} – {shown(one.b_high)}",
                moved(one.difference),
                f"{moved(one.low)} … {moved(one.high)}",
                words("bias.yes") if one.sure else words("bias.no"),
            ]
        )
    return table(words, words("compare.bias.title"), head, rows, 2)


def shifted(facts: Comparison, words: Words) -> list[str]:
    """The numbers of the audits that surely differ, as sentences."""
    found = []
    for one in facts.bias or ():
        if one.sure:
            percent = one.what != "gap"
            a, b = (words.percent(n) if percent else words.signed(n, 2) for n in (one.a, one.b))
            found.append(f"{shift_slice(facts, one, words)}, {shift_name(one, words)}: {a} → {b}")
    return found


def shift_name(one: Shift, words: Words) -> str:
    """What a number is, in words."""
    if one.what != "gap":
        return words(f"compare.bias.{one.what}")
    return words(
        "compare.bias.gap",
        measure=words.name("bias.measure", one.measure),
        about=words.name("bias.gaps", one.kind),
        language=words.name("languages", one.language),
    )


def shift_slice(facts: Comparison, one: Shift, words: Words) -> str:
    """The slice or group of a number, in words."""
    if one.kind in ("language", "role"):
        return words.name({"language": "languages", "role": "role"}[one.kind], one.slice) or words("unknown")
    name = facts.groups.get(one.slice, {}).get(words.lang, one.slice)
    if one.what == "mentions" and one.measure:
        return f"{name} · {words.name('role', one.measure)}"
    return name or words("unknown")


def moved(facts: Comparison, words: Words) -> tuple[Group, ...]:
    """Conversations kept in one run only, by the pass that removed them in the other."""
    if facts.fates is None:
        return ()
    found = []
    for one in facts.fates.reasons:
        examples = tuple(
            e for e in facts.fates.examples if (e.kept_in, e.removed_by) == (one.kept_in, one.removed_by)
        )
        by = one.removed_by or words("unknown")
        title = words(f"compare.moved.only_{one.kept_in}", by=by)
        found.append(
            Group(one.kept_in, by, title, words("numbers.conversations", n=one.conversations), examples)
        )
    return tuple(found)
