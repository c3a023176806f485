"""One conversation: what is found in any of its cells is replaced in all of them, until nothing is found.

A round asks the detectors about the cells that the gate let through, looks for every value found so far and
every
name in all cells, and replaces. What changed goes through the gate again and, where it is let through, into
another
round, so the answer is a fixpoint by construction; every round puts stand-ins for characters, so they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from curate.pii.asked import BEGINS, LOOKED_BACK, asked_field
from curate.pii.detect import Settings, detect, resolved
from curate.pii.gate import Gate
from curate.pii.kinds import Found
from curate.pii.known import find_known, squeezed, trace
from curate.pii.leaves import Leaf, leaves, rebuilt
from curate.pii.roster import Roster
from curate.pii.standins import STAND_IN, Ledger, Unnumbered
from curate.pii.view import View, deep, view

Value = tuple[str, str]
"""A kind and a key."""
JSON = frozenset({"parts", "extra"})
FREE = frozenset({"conversation_id", "tree", "source"})
SHARED = frozenset({"tree", "source"})
"""Columns whose value several conversations share: their stand-ins bear no number of one conversation."""


@dataclass(slots=True)
class Cell:
    """One private value of the table: where it stands, what it says now, and whether detectors must look
    at it.
    """

    row: int
    column: str
    text: str
    look: bool
    changed: bool = False
    replaced: dict[str, int] = field(default_factory=dict)  # how often each stand-in was put
    seen: View | None = None  # the view of `text`; it and the two below are made when first asked for
    reading: str | None = None
    squeezing: str | None = None

    def view(self) -> View:
        """The cell as a person would read it."""
        if self.seen is None:
            self.seen = view(self.text)
        return self.seen

    def read(self) -> str:
        """The whole cell as it reads, lower case: names are looked for in it first."""
        if self.reading is None:
            seen = self.view().text.lower()
            if self.column == "original" and "<" in seen:
                seen += "\n" + view(self.text, tags=True).text.lower()
            self.reading = seen
        return self.reading

    def squeeze(self) -> str:
        """`read` without separators: known values are looked for in it first."""
        if self.squeezing is None:
            self.squeezing = squeezed(self.read())
        return self.squeezing

    def put(self, text: str) -> None:
        """Take the new text."""
        self.text, self.changed = text, True
        self.seen = self.reading = self.squeezing = None


@dataclass
class Conversation:
    """The cells of a conversation in reading order, and what is known about it."""

    cells: list[Cell]
    roster: Roster
    settings: Settings
    authors: dict[str, str] = field(default_factory=dict)  # an author as written: the key of the person
    ledger: Ledger = field(default_factory=Ledger)
    values: dict[Value, None] = field(default_factory=dict)
    started: bool = False

    def __post_init__(self) -> None:
        """Keep the numbers of stand-ins that already stand in the cells."""
        self.ledger.reserve(cell.text for cell in self.cells)
        self.turns = [cell for cell in self.cells if cell.column == "text"]
        self.places = {cell.row: place for place, cell in enumerate(self.turns)}

    def round(self) -> list[Cell]:
        """Replace what this round finds, and say which cells changed; those, and none else, may hold more."""
        known = len(self.values)
        spans = {place: self.detected(cell) for place, cell in enumerate(self.cells) if cell.look}
        values = {value: trace(*value) for value in self.values}
        fresh = not self.started or len(values) > known
        self.started = True
        changed = []
        for place, cell in enumerate(self.cells):
            if not fresh and not cell.look:
                continue
            cell.look = False
            if self.replace(cell, spans.get(place, {}), values):
                changed.append(cell)
        return changed

    def named(self, cell: Cell) -> bool:
        """Whether a name may stand in the cell."""
        if cell.column == "author" or not self.roster.people:
            return False
        read = cell.read()
        return any(word in read for word in self.roster.triggers())

    def detected(self, cell: Cell) -> dict[int, list[Found]]:
        """What the detectors find, by leaf, in places of the leaf's text; the values are noted."""
        found: dict[int, list[Found]] = {}
        for place, leaf in enumerate(leaves(cell.text, cell.column in JSON)):
            spans = [
                placed(seen, one)
                for seen, text in views(leaf, cell)
                for one in self.read(cell, text, leaf.field)
            ]
            if spans:
                found[place] = spans
                self.values |= dict.fromkeys((one.kind, one.key) for one in spans)
        return found

    def read(self, cell: Cell, text: str, field: str) -> list[Found]:
        """What the detectors find in a reading of a cell; where they pass over the number that a turn begins
        with, they are asked again, with what the turn before asked for.
        """
        found = detect(text, field, self.settings)
        if cell.column != "text" or not (begins := BEGINS.match(text)):
            return found
        number = begins.start("number")
        for one in found:
            if one.start <= number < one.stop:
                return found
        field = self.asked(cell)
        return detect(text, field, self.settings) if field else found

    def asked(self, cell: Cell) -> str:
        """The field under which a turn's text stands by the turns before it."""
        place = self.places[cell.row]
        texts = [turn.text for turn in self.turns[max(0, place - LOOKED_BACK) : place + 1]]
        return asked_field(texts, len(texts) - 1, self.settings.regions)

    def look_after(self, changed: list[Cell]) -> bool:
        """Let detectors look at the turns that changed and those after them, which may only now be answers;
        whether anything is left to look at.
        """
        rows = {cell.row for cell in changed if cell.column == "text"}
        left = any(cell.look for cell in changed)
        for place, turn in enumerate(self.turns if rows else ()):
            if turn.look or not BEGINS.match(turn.text):
                continue
            if any(one.row in rows for one in self.turns[max(0, place - LOOKED_BACK) : place + 1]):
                turn.look = bool(self.asked(turn))
                left = left or turn.look
        return left

    def replace(self, cell: Cell, own: dict[int, list[Found]], values: dict[Value, str]) -> bool:
        """Put stand-ins where the cell has values or names; whether it changed."""
        if cell.column == "author" and cell.text in self.authors and not covered(cell.text, own.get(0, [])):
            stand_in = self.ledger.stand_in("person", self.authors[cell.text])
            cell.put(stand_in)
            return True
        ledger = Unnumbered() if cell.column in SHARED else self.ledger
        known = elsewhere(cell, own, values) if values else []
        named = self.named(cell)
        if not own and not known and not named:
            return False
        changes: list[tuple[Leaf, str]] = []
        for place, leaf in enumerate(leaves(cell.text, cell.column in JSON)):
            spans = own.get(place, [])
            if known or named:
                spans = spans + list(self.searched(leaf, cell, known, named))
            if not spans:
                continue
            spans = resolved(leaf.text, spans)
            if leaf.number:
                spans = [one for one in spans if one.stop - one.start == len(leaf.text.lstrip("-"))]
            text, tally = filled(leaf.text, spans, ledger)
            if text != leaf.text:
                add(cell.replaced, tally)
                changes.append((leaf, text))
        if changes:
            cell.put(rebuilt(cell.text, cell.column in JSON, changes))
        return bool(changes)

    def searched(self, leaf: Leaf, cell: Cell, known: list[Value], named: bool) -> Iterator[Found]:
        """Known values and names in a leaf, in places of its text."""
        for seen, text in views(leaf, cell):
            found = find_known(text, known) if known else []
            if named and not leaf.number:
                names = self.roster.find(text, free=cell.column in FREE)
                found += [one for one in names if not self.settings.keeps(one, text[one.start : one.stop])]
            for one in found:
                yield placed(seen, one)

    def clean(self, text: str) -> bool:
        """Whether nothing is found in the text when every layer of its encoding is undone."""
        plain = deep(text)
        low = squeezed(plain)
        if any(trace(*value) in low for value in self.values) and find_known(plain, list(self.values)):
            return False
        if detect(plain, "", self.settings):
            return False
        found = (
            self.roster.find(plain) if any(word in plain.lower() for word in self.roster.triggers()) else []
        )
        return not resolved(
            plain, [one for one in found if not self.settings.keeps(one, plain[one.start : one.stop])]
        )


def covered(text: str, spans: list[Found]) -> bool:
    """Whether one finding is the whole text, brackets aside: an author that is a phone number is one."""
    return any(one.stop - one.start >= len(text.strip(" <>()")) for one in spans)


def elsewhere(cell: Cell, own: dict[int, list[Found]], values: dict[Value, str]) -> list[Value]:
    """The values, given with their traces, that may stand in the cell more often than the detectors saw."""
    squeezed = cell.squeeze()
    there = [value for value, left in values.items() if left in squeezed]
    if not there:
        return there
    met: dict[Value, int] = {}
    for spans in own.values():
        for one in spans:
            met[one.kind, one.key] = met.get((one.kind, one.key), 0) + 1
    return [value for value in there if squeezed.count(values[value]) > met.get(value, 0)]


def placed(seen: View, one: Found) -> Found:
    """A finding of a view, in places of the text that the view was made from."""
    if not seen.places:
        return one
    return Found(seen.start(one.start), seen.stop(one.stop), one.kind, one.key)


def views(leaf: Leaf, cell: Cell) -> Iterator[tuple[View, str]]:
    """The readings of a leaf: as written; without markup where it is text as read; `_` as a space in ids."""
    column = cell.column
    seen = view(leaf.text) if column in JSON else cell.view()
    yield seen, seen.text
    if column == "original" and "<" in leaf.text:
        bare = view(leaf.text, tags=True)
        if bare.text != seen.text:
            yield bare, bare.text
    if column in FREE and "_" in seen.text:
        spaced = seen.text.replace("_", " ")
        for stand_in in STAND_IN.finditer(seen.text):
            spaced = spaced[: stand_in.start()] + stand_in.group() + spaced[stand_in.end() :]
        yield seen, spaced


def filled(text: str, spans: list[Found], ledger: Ledger) -> tuple[str, dict[str, int]]:
    """The text with stand-ins at the spans (in order, apart from each other), and how often each was put."""
    pieces: list[str] = []
    tally: dict[str, int] = {}
    done = 0
    for one in spans:
        stand_in = ledger.stand_in(one.kind, one.key, text[one.start : one.stop])
        tally[stand_in] = tally.get(stand_in, 0) + 1
        pieces += (text[done : one.start], stand_in)
        done = one.stop
    return "".join([*pieces, text[done:]]), tally


def add(total: dict[str, int], tally: dict[str, int]) -> None:
    """Add a tally to a total."""
    for name, times in tally.items():
        total[name] = total.get(name, 0) + times


def settle(conversations: list[Conversation], asked: Gate) -> None:
    """Redact all of them in place: rounds until nothing changes. `asked` is the gate."""
    waiting = conversations
    while waiting:
        changed = [(one, one.round()) for one in waiting]
        cells = [cell for _, some in changed for cell in some]
        texts = pl.Series([cell.text for cell in cells], dtype=pl.String)
        spaced = texts.str.replace_all("_", " ", literal=True)
        for cell, look in zip(cells, asked.looks(texts) | asked.looks(spaced), strict=True):
            cell.look = look
        for one, some in changed:
            for cell in some:
                # A name beside a stand-in may only now read as one.
                cell.look = cell.look or one.named(cell)
        waiting = [one for one, some in changed if one.look_after(some)]
