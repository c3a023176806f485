"""Before and after: the table of what the sieve moved, and the sentences for what stands out of it."""

from __future__ import annotations

from reports.bias_charts import between, signed, slice_name
from reports.bias_facts import Delta, Facts
from reports.tables_view import Table, table
from reports.words import Words

MOST_ROWS = 150


def shares_table(facts: Facts, words: Words) -> Table:
    """The share of each group as read and as kept, what stands out first."""
    return _table(facts, words, [one for one in facts.deltas if one.measure == "share"], [])


def gaps_table(facts: Facts, words: Words) -> Table:
    """Each gap as read and as kept, what stands out first."""
    lead = [words("bias.deltas.what"), words("bias.gaps.about"), words("bias.language")]
    return _table(facts, words, [one for one in facts.deltas if one.measure != "share"], lead)


def _table(facts: Facts, words: Words, deltas: list[Delta], lead: list[str]) -> Table:
    """A row for each delta; `lead` heads the cells that say what a gap is of."""
    head = [
        words("bias.slice" if lead else "bias.group"),
        *lead,
        words("bias.deltas.n"),
        words("bias.deltas.n_kept"),
        words("bias.deltas.read"),
        words("bias.deltas.kept"),
        words("bias.difference"),
        words("bias.interval"),
        words("bias.sure"),
    ]
    rows = sorted(
        deltas, key=lambda one: (not one.claimed, one.q, one.group, one.about, one.measure, one.language)
    )
    told = [
        [
            slice_name(facts, one.kind, one.group, words),
            *(gap_cells(one, words) if lead else ()),
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
    title = words("bias.deltas.gaps" if lead else "bias.deltas.shares")
    return table(words, title, head, told, 1 + len(lead))


def gap_cells(one: Delta, words: Words) -> tuple[str, str, str]:
    """What a gap is of: measure, whose message, language."""
    measure = words(f"bias.measure.{one.measure}")
    return measure, words(f"bias.gaps.{one.about}"), words.name("languages", one.language)


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
