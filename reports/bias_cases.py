"""Tables of the scorer's functional cases: what it flags that it should not, and misses."""

from __future__ import annotations

from reports.bias_charts import between, group_name
from reports.bias_facts import Case, Facts
from reports.tables_view import Table, table
from reports.words import Words


def cases_table(facts: Facts, words: Words) -> Table:
    """Each functionality over all groups: false positives of harmless ones, and what is missed of harmful."""
    head = [
        words("bias.language"),
        words("bias.cases.case"),
        words("bias.cases.expected"),
        words("bias.n"),
        words("bias.scorer.above"),
        words("bias.cases.wrong"),
        words("bias.interval"),
    ]
    rows = [one for one in facts.cases if not one.group]
    told = [
        [
            words.name("languages", one.language),
            words(f"bias.case.{one.case}"),
            words("bias.cases.harmful" if one.harmful else "bias.cases.harmless"),
            one.n,
            one.above,
            (wrong(one), one.n),
            _interval(one, words),
        ]
        for one in sorted(rows, key=lambda c: (c.language, c.harmful))
    ]
    return table(words, words("bias.cases.title"), head, told, 3)


def groups_table(facts: Facts, words: Words) -> Table:
    """Each group: its rate of false positives beside the others', and what is missed of insults at it."""
    head = [
        words("bias.group"),
        words("bias.language"),
        words("bias.cases.expected"),
        words("bias.n"),
        words("bias.cases.wrong"),
        words("bias.interval"),
        words("bias.others"),
        words("bias.sure"),
    ]
    rows = [one for one in facts.cases if one.group]
    told = [
        [
            group_name(facts, one.group, words.lang),
            words.name("languages", one.language),
            words("bias.cases.harmful" if one.harmful else "bias.cases.harmless"),
            one.n,
            (wrong(one), one.n),
            _interval(one, words),
            words.percent(1 - one.other_rate if one.harmful else one.other_rate),
            words("bias.yes") if one.claimed else words("bias.no"),
        ]
        for one in sorted(rows, key=lambda c: (not c.claimed, c.harmful, c.language, -c.rate, c.group))
    ]
    return table(words, words("bias.cases.by_group"), head, told, 3)


def wrong(one: Case) -> int:
    """Sentences that the scorer gets wrong: harmless ones above the limit, harmful ones below it."""
    return one.n - one.above if one.harmful else one.above


def _interval(one: Case, words: Words) -> str:
    low, high = (1 - one.high, 1 - one.low) if one.harmful else (one.low, one.high)
    return between(words, low, high, percent=True)
