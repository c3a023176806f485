"""Before and after: the table of what the sieve moved, and the sentences for what stands out of it."""

from __future__ import annotations

from reports.bias_charts import between, signed, slice_name
from reports.bias_facts import Delta, Facts
from reports.tables_view import Table, table
from reports.words import Words

MOST_ROWS = 150


def deltas_table(facts: Facts, words: Words) -> Table:
    """Each share and gap as read and as kept, what stands out first."""
    head = [
        words("bias.group"),
        words("bias.deltas.what"),
        words("bias.gaps.about"),
        words("bias.language"),
        words("bias.deltas.n"),
        words("bias.deltas.n_kept"),
        words("bias.deltas.read"),
        words("bias.deltas.kept"),
        words("bias.difference"),
        words("bias.interval"),
        words("bias.sure"),
    ]
    rows = sorted(
        facts.deltas,
        key=lambda one: (not one.claimed, one.measure != "share", one.q, one.group, one.about, one.measure),
    )
    told = [
        [
            slice_name(facts, one.kind, one.group, words),
            measure_name(one, words),
            words(f"bias.gaps.{one.about}") if one.about else "",
            words.name("languages", one.language) if one.language else "",
            one.n,
            one.n_kept,
            level(one, one.read, words),
            level(one, one.kept, words),
            change(one, one.difference, words),
            ends(one, words),
            words("bias.yes") if one.claimed else words("bias.no"),
        ]
        for one in rows[:MOST_ROWS]
    ]
    return table(words, words("bias.deltas.title"), head, told, 4)


def measure_name(one: Delta, words: Words) -> str:
    """What was measured: the share, or the gap of a measure."""
    if one.measure == "share":
        return words("bias.deltas.share")
    return words("bias.deltas.gap", measure=words(f"bias.measure.{one.measure}"))


def level(one: Delta, value: float, words: Words) -> str:
    """A share in percent, a gap with its sign."""
    return words.percent(value) if one.measure == "share" else signed(words, value, digits(one))


def change(one: Delta, value: float, words: Words) -> str:
    """A change: of a share in points."""
    return signed(words, 100 * value if one.measure == "share" else value, digits(one))


def ends(one: Delta, words: Words) -> str:
    """The ends of the change's interval."""
    scale = 100.0 if one.measure == "share" else 1.0
    return between(words, scale * one.low, scale * one.high, digits=digits(one))


def digits(one: Delta) -> int:
    """Digits after the point: gaps of shares and scores move in the third."""
    return {"share": 2, "words": 1}.get(one.measure, 3)
