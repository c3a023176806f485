"""What the diversity section says: sentences, tables, the map of topics."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from reports.diversity_facts import Advice, Effective, Facts, Slice
from reports.tables_view import Table, table
from reports.words import Words

MOST_SLICES = 40
KINDS = ("topic", "language", "intent", "author", "source")


@dataclass(frozen=True)
class Bubble:
    """A topic on the map: where, how large (its share of what was kept), and what is said of it."""

    name: str
    x: float
    y: float
    share: float
    tone: str
    title: str


@dataclass(frozen=True)
class Map:
    """The map of topics."""

    title: str
    summary: str
    bubbles: tuple[Bubble, ...]
    table: Table

    def data(self) -> dict[str, Any]:
        """What the drawing needs."""
        return {key: value for key, value in asdict(self).items() if key != "table"}


@dataclass(frozen=True)
class Section:
    """The section as its template shows it."""

    lead: str
    unplaced: str
    numbers: tuple[tuple[str, str, str], ...]
    advice: tuple[str, ...]
    map: Map | None
    slices: tuple[Table, ...]
    steps: Table | None
    vendi: tuple[tuple[str, str], ...]
    reference: tuple[str, Table, Table | None] | None


def section(facts: Facts, words: Words) -> Section:
    """Everything the section shows."""
    kept = {one.kind: one.kept for one in facts.dimensions if one.kept}
    lead = words("diversity.none")
    if len(facts.topics) > 1 and "topic" in kept:
        found, value = len(facts.topics), number(words, kept["topic"].value)
        lead = words("diversity.lead", topics=value, found=found, **ends(words, kept["topic"]))
    elif facts.kept:
        lead = words("diversity.lead_one")
    return Section(
        lead=lead,
        unplaced=words("diversity.unplaced", n=facts.unplaced) if facts.unplaced else "",
        numbers=tuple(numbers(facts, words)),
        advice=sentences(facts, words),
        map=topic_map(facts, words) if len(facts.topics) > 1 else None,
        slices=tuple(slices_table(facts, kind, words) for kind in ("language", "intent") if of(facts, kind)),
        steps=steps_table(facts, words) if facts.steps else None,
        vendi=tuple(vendi(facts, words)),
        reference=reference(facts, words),
    )


def of(facts: Facts, kind: str) -> list[Slice]:
    """The slices of a kind."""
    return [one for one in facts.slices if one.kind == kind]


def number(words: Words, value: float) -> str:
    """An effective number: one decimal while it is small."""
    return words.number(value, 1 if value < 100 else 0)


def ends(words: Words, one: Effective) -> dict[str, str]:
    """The ends of an interval in words."""
    return {"low": number(words, one.low), "high": number(words, one.high)}


def numbers(facts: Facts, words: Words) -> list[tuple[str, str, str]]:
    """For each kind its name, the effective number of what was kept, and beside it interval and as read."""
    found = []
    for one in sorted(facts.dimensions, key=lambda d: KINDS.index(d.kind)):
        told = one.kept or one.read
        low, high = ends(words, told).values()
        before = words("diversity.before", value=number(words, one.read.value))
        found.append(
            (words(f"diversity.kinds.{one.kind}"), number(words, told.value), f"{low}–{high} · {before}")
        )
    return found


def sentences(facts: Facts, words: Words) -> tuple[str, ...]:
    """What to collect next, a sentence for each slice far below others."""
    return tuple(sentence(one, words) for one in facts.advice)


def sentence(one: Advice, words: Words) -> str:
    """One piece of advice."""
    name, inside = one.name, words.name("languages", one.inside)
    key = one.kind if not one.inside else f"{one.kind}_inside"
    if one.kind == "language":
        name = words.name("languages", name)
    elif one.kind == "intent":
        name = str(words.get("diversity.next.intent_names").get(name, name))
    else:
        name = name.replace(" · ", ", ")
    if words.lang == "fr":
        name, inside = (name.lower(), inside.lower()) if one.kind == "language" else (name, inside.lower())
    return words(
        f"diversity.next.{one.reason}",
        slice=words(f"diversity.next.{key}", name=name, inside=inside),
        n=one.kept,
        share=words.percent(one.share),
        fair=words.percent(one.fair),
        wanted=one.wanted,
        by=f"`{one.by}`",
    )


def slice_name(kind: str, name: str, words: Words) -> str:
    """The plain name of a slice."""
    if kind == "language":
        return words.name("languages", name)
    if kind == "intent":
        return str(words.get("diversity.intent").get(name, name))
    return name


def topic_map(facts: Facts, words: Words) -> Map:
    """The topics on their plane, and their numbers."""
    known = {one.name: one for one in of(facts, "topic")}
    bubbles = []
    for place in facts.topics:
        one = known.get(place.name)
        if one:
            tone = "removed" if 2 * one.kept < one.read else "kept"
            title = words("diversity.map.shown", name=place.name, kept=one.kept, read=one.read)
            bubbles.append(Bubble(place.name, place.x, place.y, one.share, tone, title))
    largest = max((one.share for one in bubbles), default=0.0)
    return Map(
        title=words("diversity.map.title"),
        summary=words("diversity.map.summary", n=len(bubbles), share=words.percent(largest)),
        bubbles=tuple(bubbles),
        table=slices_table(facts, "topic", words),
    )


def slices_table(facts: Facts, kind: str, words: Words) -> Table:
    """The slices of a kind in numbers; topics with more of their words."""
    told = {one.name: one for one in facts.topics}
    more = [words("diversity.words"), words("diversity.language")] if kind == "topic" else []
    head = [
        words(f"diversity.kind.{kind}"),
        *more,
        words("diversity.read"),
        words("diversity.kept"),
        words("diversity.share"),
        words("diversity.interval"),
        words("diversity.most"),
    ]
    whole = max(1, sum(one.kept for one in of(facts, kind)))
    rows = []
    for one in of(facts, kind)[:MOST_SLICES]:
        place = told.get(one.name)
        beside = (
            [", ".join(place.words), words.name("languages", place.language)]
            if more and place
            else ["", ""][: len(more)]
        )
        between = f"{words.percent(one.low)}–{words.percent(one.high)}"
        rows.append(
            [
                slice_name(kind, one.name, words),
                *beside,
                one.read,
                one.kept,
                (one.kept, whole),
                between,
                one.removed_by,
            ]
        )
    title = words("diversity.map.table") if kind == "topic" else words(f"diversity.kinds.{kind}")
    return table(words, title, head, rows, 1 + len(more))


def steps_table(facts: Facts, words: Words) -> Table:
    """What each pass did to each effective number."""
    head = [
        words(f"diversity.steps.{name}") for name in ("pass", "what", "removed", "before", "after", "change")
    ]
    head += [words("diversity.interval"), words("diversity.sure")]
    rows = []
    for one in facts.steps:
        change = f"×{words.number(one.change.ratio, 3)}"
        between = f"×{words.number(one.change.low, 3)}–{words.number(one.change.high, 3)}"
        numbers_ = [number(words, one.before), number(words, one.after.value)]
        sure = words("diversity.yes") if one.claimed else words("diversity.no")
        by, kind = one.by or words("diversity.as_input"), words(f"diversity.kinds.{one.kind}")
        rows.append([by, kind, one.removed, *numbers_, change, between, sure])
    return table(words, words("diversity.steps.title"), head, rows, 2)


def vendi(facts: Facts, words: Words) -> list[tuple[str, str]]:
    """The Vendi scores, each in a sentence."""
    return [
        (
            words(f"diversity.vendi.{one.stage}"),
            words(
                "diversity.vendi.told",
                size=one.size,
                draws=one.draws,
                value=number(words, one.value),
                low=number(words, one.low),
                high=number(words, one.high),
            ),
        )
        for one in facts.vendi
    ]


def apart(facts: Facts, words: Words) -> str:
    """In which kinds what was kept lies further from the traffic to come than chance brings, and in which
    not; "" unasked."""
    if facts.reference is None:
        return ""
    far, near = (
        [
            words(
                "diversity.reference.far",
                kind=words(f"diversity.kind.{one.kind}"),
                bits=words.number(one.observed or one.bits, 3),
                chance="–" if one.chance is None else words.number(one.chance, 3),
            )
            for one in facts.reference.divergences
            if one.claimed == claimed
        ]
        for claimed in (True, False)
    )
    told = (
        words("diversity.reference.apart", kinds="; ".join(far)) if far else words("diversity.reference.same")
    )
    if near:
        told += " " + words("diversity.reference.within", kinds="; ".join(near))
    return f"{words('diversity.reference.title')}: {told}"


def reference(facts: Facts, words: Words) -> tuple[str, Table, Table | None] | None:
    """The comparison with the traffic to come: its lead, how far each kind lies apart, what stands out."""
    told = facts.reference
    if told is None:
        return None
    lead = words("diversity.reference.lead", n=told.conversations, reference=told.reference_conversations)
    head = [words("diversity.steps.what")]
    head += [words(f"diversity.reference.{name}") for name in ("bits", "chance", "beyond")]
    head += [words("diversity.interval"), words("diversity.reference.p"), words("diversity.sure")]
    far = [
        [
            words(f"diversity.kind.{one.kind}"),
            *("–" if value is None else words.number(value, 3) for value in (one.observed, one.chance)),
            words.number(one.bits, 3),
            f"{words.number(one.low, 3)}–{words.number(one.high, 3)}",
            words.number(one.p, 3),
            words("diversity.yes") if one.claimed else words("diversity.no"),
        ]
        for one in told.divergences
    ]
    claimed = [one for one in told.slices if one.claimed][:MOST_SLICES]
    names = [words(f"diversity.reference.{name}") for name in ("here", "there", "ratio")]
    rows = [
        [
            words(f"diversity.kind.{one.kind}"),
            slice_name(one.kind, one.name, words),
            words.percent(one.share),
            words.percent(one.reference_share),
            "∞" if one.ratio is None else f"×{words.number(one.ratio, 2)}",
            f"{words.number(one.low, 2)}–" + ("∞" if one.high is None else words.number(one.high, 2)),
        ]
        for one in claimed
    ]
    what, slice_ = words("diversity.steps.what"), words("diversity.reference.slice")
    beside = [what, slice_, *names, words("diversity.interval")]
    table_ = table(words, words("diversity.reference.slices"), beside, rows, 2) if rows else None
    return lead, table(words, words("diversity.reference.divergence"), head, far), table_
