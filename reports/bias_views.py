"""What a bias page says in words: the headline, what stands out, and tables that belong to no chart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from reports.bias_charts import group_name, signed, slice_name, times
from reports.bias_deltas import change, ends, level
from reports.bias_facts import Answer, Association, Delta, Facts, Gap, Rate, Swap
from reports.words import Words

MOST_FOUND = 12


@dataclass(frozen=True)
class Found:
    """Something that stands out: a sentence, its numbers, and the section with the rest."""

    section: str
    title: str
    detail: str
    weight: float


@dataclass(frozen=True)
class Beside:
    """Words that stand beside a group more often than beside others, and less often."""

    name: str
    language: str
    more: tuple[str, ...]
    less: tuple[str, ...]


def headline(facts: Facts, found: list[Found], words: Words) -> tuple[str, tuple[str, ...]]:
    """The audit in one sentence, and the sentences under it."""
    told = []
    if not any(share.claimed for share in facts.representation):
        first = words("bias.head.few")
    elif found:
        first = words("bias.head.many", n=len(found))
    else:
        first = words("bias.head.none")
    level = words.percent(float(facts.settings["level"]))
    told.append(
        words(
            "bias.head.tested",
            n=len(facts.sieve),
            words=len(facts.association),
            gaps=len(facts.gaps),
            level=level,
        )
    )
    if facts.too_few:
        names = ", ".join(group_name(facts, key, words.lang) for key in facts.too_few[:12])
        told.append(words("bias.head.too_few", names=names + ("…" if len(facts.too_few) > 12 else "")))
    return first, tuple(told)


def findings(facts: Facts, words: Words) -> list[Found]:
    """Everything that is claimed, the largest first; a pass and its sum are told once."""
    found = [_rate(facts, one, words) for one in leading(facts.sieve)]
    found += [_gap(facts, one, words) for one in facts.gaps if one.claimed]
    found += [_moved(facts, one, words) for one in facts.deltas if one.claimed and one.measure != "share"]
    found += [_answer(facts, one, words) for one in unmirrored(facts.answers)]
    found += _words(facts, words)
    found += [_swap(facts, one, words) for one in facts.swaps if one.claimed and one.source == "neutral"]
    return sorted(found, key=lambda one: -one.weight)


def leading(rates: Iterable[Rate]) -> list[Rate]:
    """Of what the sieve did to a slice, the passes that removed or masked; else what all passes did together.

    A flag that was followed by a removal by the same pass is the same finding; roles are told in the
    tables, and so is the slice that fares better, unless it is a group.
    """
    claimed = [
        one
        for one in rates
        if one.claimed and one.kind != "role" and (one.kind == "group" or one.rate > one.other_rate)
    ]
    removing = {
        (one.kind, one.slice, one.by) for one in claimed if one.verb in ("dropped", "masked") and one.by
    }
    slices = {(kind, name) for kind, name, _ in removing}
    return [
        one
        for one in claimed
        if (one.by and (one.verb in ("dropped", "masked") or (one.kind, one.slice, one.by) not in removing))
        or (not one.by and one.verb == "dropped" and (one.kind, one.slice) not in slices)
    ]


def _rate(facts: Facts, one: Rate, words: Words) -> Found:
    kind = one.kind.partition(".")[0]
    name = words(f"bias.who.{kind}", name=slice_name(facts, one.kind, one.slice, words))
    by, verb = one.by or words("bias.who.all"), words(f"bias.verb.{one.verb}")
    if one.ratio is None:
        title = words("bias.found.sieve_only", by=by, verb=verb, slice=name)
    elif one.count == 0:
        title = words("bias.found.sieve_never", by=by, verb=verb, slice=name)
    else:
        title = words("bias.found.sieve", by=by, verb=verb, slice=name, ratio=times(words, one.ratio))
    detail = words(
        "bias.found.sieve_detail",
        rate=words.percent(one.rate),
        n=one.n,
        other=words.percent(one.other_rate),
        other_n=one.other_n,
        low=times(words, one.ratio_low),
        high=times(words, one.ratio_high),
    )
    if one.marked and one.four_fifths is not None:
        detail += " " + words("bias.found.fifths", share=words.percent(one.four_fifths))
    harm = {"dropped": 4.0, "masked": 3.0, "flagged": 2.0}[one.verb]
    return Found("sieve", title, detail, harm * 10 + abs(one.rate - one.other_rate) * 10)


def _gap(facts: Facts, one: Gap, words: Words) -> Found:
    digits = 1 if one.measure == "words" else 2
    title = words(
        "bias.found.gap_source" if one.kind == "source" else "bias.found.gap",
        about=words(f"bias.who.{one.about}"),
        slice=slice_name(facts, one.kind, one.group, words),
        measure=words(f"bias.measure.{one.measure}"),
        value=words.number(one.mean, digits),
        other=words.number(one.other_mean, digits),
    )
    detail = words(
        "bias.found.gap_detail",
        difference=signed(words, one.difference, digits),
        low=signed(words, one.low, digits),
        high=signed(words, one.high, digits),
        effect=signed(words, one.effect),
        n=one.n,
        conversations=one.conversations,
    )
    return Found("gaps", title, detail, 15 + abs(one.effect))


def _moved(facts: Facts, one: Delta, words: Words) -> Found:
    """A gap that the sieve moved; a moved share is told as what was removed."""
    title = words(
        "bias.found.moved_source" if one.kind == "source" else "bias.found.moved",
        about=words(f"bias.who.{one.about}"),
        slice=slice_name(facts, one.kind, one.group, words),
        measure=words(f"bias.measure.{one.measure}"),
        read=level(one, one.read, words),
        kept=level(one, one.kept, words),
    )
    detail = words(
        "bias.found.moved_detail",
        difference=change(one, one.difference, words),
        interval=ends(one, words),
        n=one.n,
        n_kept=one.n_kept,
    )
    return Found("deltas", title, detail, 14)


def unmirrored(answers: Iterable[Answer]) -> list[Answer]:
    """Claimed answers; of two groups that were asked about the same questions, one."""
    told: dict[tuple[str, str, int, float], Answer] = {}
    for one in answers:
        if one.claimed:
            axis = one.group.partition(".")[0]
            told.setdefault((axis, one.measure, one.questions, round(abs(one.difference), 6)), one)
    return list(told.values())


def _answer(facts: Facts, one: Answer, words: Words) -> Found:
    digits = 1 if one.measure == "words" else 2
    title = words(
        "bias.found.answers",
        slice=group_name(facts, one.group, words.lang),
        measure=words(f"bias.measure.{one.measure}"),
        value=words.number(one.mean, digits),
        other=words.number(one.other_mean, digits),
    )
    low, high = signed(words, one.low, digits), signed(words, one.high, digits)
    return Found(
        "answers", title, words("bias.found.answers_detail", low=low, high=high, n=one.questions), 18
    )


def _words(facts: Facts, words: Words) -> list[Found]:
    found = []
    for one in beside(facts, words):
        if one.more:
            told = ", ".join(one.more[:8])
            title = words("bias.found.words", slice=one.name, words=told)
            found.append(
                Found("words", title, words.name("languages", one.language), 10 + len(one.more) / 100)
            )
    return found


def _swap(facts: Facts, one: Swap, words: Words) -> Found:
    title = words(
        "bias.found.scorer",
        slice=group_name(facts, one.group, words.lang),
        difference=signed(words, one.difference),
        source=words(f"bias.scorer.{one.source}"),
    )
    detail = words(
        "bias.found.scorer_detail",
        language=words.name("languages", one.language),
        mean=words.number(one.mean, 2),
        n=one.sentences,
        low=signed(words, one.low),
        high=signed(words, one.high),
    )
    return Found("scorer", title, detail, 12 + abs(one.difference))


def beside(facts: Facts, words: Words) -> tuple[Beside, ...]:
    """For each group and language the words that are claimed."""
    by: dict[tuple[str, str], list[Association]] = defaultdict(list)
    for one in facts.association:
        if one.claimed:
            by[one.group, one.language].append(one)
    return tuple(
        Beside(
            name=group_name(facts, group, words.lang),
            language=language,
            more=tuple(one.word for one in sorted(some, key=lambda a: -a.z) if one.z > 0),
            less=tuple(one.word for one in sorted(some, key=lambda a: a.z) if one.z < 0),
        )
        for (group, language), some in sorted(by.items())
    )
