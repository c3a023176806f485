"""Tables of a bias page that belong to no chart."""

from __future__ import annotations

from reports.bias_cases import cases_table, groups_table
from reports.bias_charts import between, group_name, rates_table, signed, slice_name, times
from reports.bias_deltas import gaps_table, shares_table
from reports.bias_facts import Facts, Gap
from reports.tables_view import Table, table
from reports.words import Words

MOST_ROWS = 150


def tables(facts: Facts, words: Words) -> dict[str, Table]:
    """Tables by name, each with at most MOST_ROWS rows: what stands out first."""
    return {
        "passes": _passes(facts, words),
        "words": _word_table(facts, words),
        "gaps": _gaps(facts, [one for one in facts.gaps if one.kind != "source"], words),
        "origins": _gaps(facts, [one for one in facts.gaps if one.kind == "source"], words, "origins"),
        "answers": _answers(facts, words),
        "pronouns": _pronouns(facts, words),
        "occupations": _occupations(facts, words),
        "cases": cases_table(facts, words),
        "slices": _slices(facts, words),
        "moved_shares": shares_table(facts, words),
        "moved_gaps": gaps_table(facts, words),
        "case_groups": groups_table(facts, words),
        "covered": table(
            words,
            words("bias.mentions.covered"),
            [words("bias.language"), words("numbers.read"), words("bias.mentions.has_terms")],
            [
                [words.name("languages", one.language), one.messages, words("bias.yes") if one.terms else "—"]
                for one in facts.covered[:30]
            ],
        ),
    }


def _passes(facts: Facts, words: Words) -> Table:
    rows = [one for one in facts.sieve if one.by and (one.claimed or one.marked)]
    rows.sort(key=lambda one: (not one.claimed, -abs(one.rate - one.other_rate)))
    return rates_table(facts, rows[:MOST_ROWS], words("bias.sieve.by_pass"), words, passes=True)


def _word_table(facts: Facts, words: Words) -> Table:
    head = [
        words("bias.group"),
        words("bias.words.word"),
        words("bias.language"),
        words("bias.words.count"),
        words("share"),
        words("bias.words.other"),
        words("share"),
        words("bias.ratio"),
        words("bias.interval"),
        words("bias.words.z"),
        words("bias.sure"),
    ]
    rows = sorted(facts.association, key=lambda one: (not one.claimed, one.group, -one.z))
    told = [
        [
            group_name(facts, one.group, words.lang),
            one.word,
            words.name("languages", one.language),
            one.count,
            (one.count, one.of),
            one.other_count,
            (one.other_count, one.other_of),
            times(words, one.ratio),
            f"{times(words, one.low)}–{times(words, one.high)}",
            words.number(one.z, 1) if one.z >= 0 else f"−{words.number(-one.z, 1)}",
            words("bias.yes") if one.claimed else words("bias.no"),
        ]
        for one in rows[:MOST_ROWS]
    ]
    return table(words, words("bias.words.title"), head, told, 3)


def _slices(facts: Facts, words: Words) -> Table:
    head = [
        words("bias.slices.kind"),
        words("bias.slice"),
        words("bias.mentions.stage"),
        words("bias.slices.count"),
        words("share"),
        words("bias.interval"),
    ]
    rows = sorted(facts.slices, key=lambda one: (one.kind, one.slice, one.stage != "read"))
    told = [
        [
            kind_name(one.kind, words),
            slice_name(facts, one.kind, one.slice, words),
            words(f"bias.mentions.{one.stage}"),
            one.count,
            (one.count, one.of),
            between(words, one.low, one.high, percent=True),
        ]
        for one in rows[:MOST_ROWS]
    ]
    return table(words, words("bias.slices.title"), head, told, 3)


def kind_name(kind: str, words: Words) -> str:
    """What slices are of: a declared field by its own name."""
    base, _, field = kind.partition(".")
    return field or words(f"bias.slices.{base}")


def _gaps(facts: Facts, gaps: list[Gap], words: Words, name: str = "title") -> Table:
    head = [
        words("bias.group" if name == "title" else "bias.gaps.file"),
        words("bias.gaps.measure"),
        words("bias.gaps.about"),
        words("bias.language"),
        words("bias.n"),
        words("bias.gaps.mean"),
        words("bias.gaps.other"),
        words("bias.difference"),
        words("bias.interval"),
        words("bias.gaps.effect"),
        words("bias.sure"),
    ]
    rows = sorted(gaps, key=lambda one: (not one.claimed, -abs(one.effect), one.group))
    told = []
    for one in rows[:MOST_ROWS]:
        digits = 1 if one.measure == "words" else 2
        told.append(
            [
                slice_name(facts, one.kind, one.group, words),
                words(f"bias.measure.{one.measure}"),
                words(f"bias.gaps.{one.about}"),
                words.name("languages", one.language),
                one.n,
                words.number(one.mean, digits),
                words.number(one.other_mean, digits),
                signed(words, one.difference, digits),
                between(words, one.low, one.high, digits=digits),
                signed(words, one.effect),
                words("bias.yes") if one.claimed else words("bias.no"),
            ]
        )
    return table(words, words(f"bias.gaps.{name}"), head, told, 4)


def _answers(facts: Facts, words: Words) -> Table:
    head = [
        words("bias.group"),
        words("bias.gaps.measure"),
        words("bias.answers.questions"),
        words("bias.gaps.mean"),
        words("bias.gaps.other"),
        words("bias.difference"),
        words("bias.interval"),
        words("bias.sure"),
    ]
    told = [
        [
            group_name(facts, one.group, words.lang),
            words(f"bias.measure.{one.measure}"),
            one.questions,
            words.number(one.mean, 2),
            words.number(one.other_mean, 2),
            signed(words, one.difference),
            between(words, one.low, one.high),
            words("bias.yes") if one.claimed else words("bias.no"),
        ]
        for one in facts.answers[:MOST_ROWS]
    ]
    return table(words, words("bias.answers.title"), head, told, 2)


def _pronouns(facts: Facts, words: Words) -> Table:
    head = [
        words("bias.mentions.role"),
        words("bias.language"),
        words("bias.n"),
        words("bias.work.women"),
        words("bias.interval"),
    ]
    told = [
        [
            words.name("role", one.role),
            words.name("languages", one.language),
            one.of,
            (one.she, one.of),
            between(words, one.low, one.high, percent=True),
        ]
        for one in facts.pronouns
    ]
    return table(words, words("bias.work.pronouns"), head, told, 2)


def _occupations(facts: Facts, words: Words) -> Table:
    head = [
        words("bias.work.occupation"),
        words("bias.language"),
        words("bias.n"),
        words("bias.work.women"),
        words("bias.interval"),
        words("bias.work.reference"),
    ]
    told = [
        [
            words.name("bias.occupation", one.occupation),
            words.name("languages", one.language),
            one.of,
            (one.women, one.of),
            between(words, one.low, one.high, percent=True),
            "" if one.reference is None else ("≈ " if one.approximate else "") + words.percent(one.reference),
        ]
        for one in sorted(facts.occupations, key=lambda o: (-o.of, o.occupation))
    ]
    return table(words, words("bias.work.occupations"), head, told, 2)
