"""Private data out, stand-ins in: the pass."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, ClassVar

import polars as pl

from curate import schema
from curate.errors import RecipeError, unknown
from curate.passes.base import Redaction
from curate.pii.alone import redact_name, redact_strings
from curate.pii.asked import LOOKED_BACK, asked_field
from curate.pii.conversation import FREE, Cell, Conversation, settle
from curate.pii.coverage import NOT_COVERED
from curate.pii.detect import Settings
from curate.pii.gate import Gate, answers_gate, gate, scattered
from curate.pii.ids import distinct
from curate.pii.kinds import DEFAULT, KINDS
from curate.pii.people import people_rows, who
from curate.pii.roster import named

__all__ = ["RedactPii", "redact_name", "redact_strings"]

ORDER = ("author", "text", "parts", "extra", "original")
"""Columns of a row in the order in which their values are numbered; ids and file names come last."""
COUNTED = ("text", "parts", "extra")


@dataclass(frozen=True, kw_only=True)
class RedactPii(Redaction):
    """Replace private values by stand-ins such as <EMAIL_1>: the same value, the same stand-in, in all
    columns.

    `kinds` is what is looked for (`curate.pii.kinds.KINDS`; all but handle by default), `regions` whose phone
    numbers are known without a country code (two capitals each, nearest first; the rules' list by default),
    `names` people to find beside the log's own authors, `keep` values to leave (an address, a number, a
    name, or
    `@acme.com` for a whole domain), `key` a secret that makes the suffixes of ids impossible to guess.

    Adds `pii` (UInt32, stand-ins put into the message's text, parts and extra) and `pii_kinds`
    (`EMAIL:2 PHONE:1`, null for none). An `original` that cannot be shown to be clean becomes null.

    >>> table = schema.messages({"conversation_id": ["a"], "role": ["user"], "text": ["Je suis a@b.fr"]})
    >>> RedactPii()(table).select("text", "pii", "pii_kinds").row(0)
    ('Je suis <EMAIL_1>', 1, 'EMAIL:1')
    """

    name: ClassVar[str] = "redact_pii"
    private_options: ClassVar[tuple[str, ...]] = ("names", "keep", "key")
    kinds: tuple[str, ...] = DEFAULT
    regions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse kinds and regions that do not exist."""
        for kind in self.kinds:
            if kind not in KINDS:
                raise RecipeError(
                    unknown("kind", kind, KINDS, "redact_pii.kinds", "all kinds: curate passes redact_pii")
                )
        for region in self.regions:
            if len(region) != 2 or not region.isalpha() or not region.isupper():
                raise RecipeError(
                    f"redact_pii.regions: '{region}' is no region; two capitals, for example FR, US, GB"
                )
        if any(not value.strip() for value in (*self.names, *self.keep)):
            raise RecipeError("redact_pii: a name or a value to keep is empty; take it out")

    @property
    def settings(self) -> Settings:
        """The options as the detectors take them."""
        return Settings.of(self.kinds, self.regions, self.names, self.keep)

    def redact_name(self, name: str) -> str:
        """A file's name with unnumbered stand-ins."""
        return redact_name(name, settings=self.settings)

    def not_covered(self) -> list[dict[str, str]]:
        """What is left in, a sentence in each language."""
        return [{"en": gap.english, "fr": gap.french} for gap in NOT_COVERED]

    def redact(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The private columns with stand-ins, and the two counts, a row per row of the batch."""
        settings = self.settings
        looks = gates(batch, settings)
        concerned = pl.any_horizontal(looks.columns)
        wanted = looks.select(concerned.alias("any"))["any"] | people_rows(batch, settings)
        numbers = batch[schema.CONVERSATION].filter(wanted).unique()
        rows = batch[schema.CONVERSATION].is_in(numbers.implode()).arg_true()
        part = batch[rows].select(*schema.PRIVATE, "role", "turn", "record", schema.CONVERSATION)
        edits = Edits(rows.to_list())
        for conversation in conversations(part, looks[rows], settings, self.key.encode()):
            edits.take(conversation)
        return edits.written(batch)


def gates(batch: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """For each private column, the rows whose value detectors must look at."""
    names = [word for one in named(settings.names) for word in one.words if len(word) > 2]
    asked = gate(settings, tuple(names) if "person" in settings.kinds else ())
    looks = pl.DataFrame([look(asked, batch[name]) for name in schema.PRIVATE])
    return looks.with_columns(looks["text"] | answers(batch, looks["text"], settings))


def answers(batch: pl.DataFrame, looks: pl.Series, settings: Settings) -> pl.Series:
    """The rows not yet looked at whose text is a number that a turn before it asked for."""
    texts, numbers = batch["text"], batch[schema.CONVERSATION]
    found = []
    for row in (texts.str.contains(answers_gate()) & ~looks).arg_true():
        turns: list[str] = [texts[row]]
        place = row - 1
        while place >= 0 and numbers[place] == numbers[row] and len(turns) <= LOOKED_BACK:
            turns += [texts[place]] if texts[place] else []
            place -= 1
        if asked_field(turns[::-1], len(turns) - 1, settings.regions):
            found.append(row)
    return scattered(batch.height, pl.Series(found, dtype=pl.UInt32))


def look(asked: Gate, column: pl.Series) -> pl.Series:
    """The gate's answer for one column; of few distinct values each is asked once."""
    if column.name == "source":
        values = column.unique()
        found = dict(zip(values, look(asked, values.alias("")), strict=True))
        return column.replace_strict(found, return_dtype=pl.Boolean)
    looks = asked.looks(column)
    if column.name in (*FREE, ""):
        looks = looks | asked.looks(column.str.replace_all("_", " ", literal=True))
    return looks.alias(column.name)


def conversations(
    part: pl.DataFrame, looks: pl.DataFrame, settings: Settings, key: bytes
) -> Iterator[list[Cell]]:
    """For each conversation of the part, the cells that changed."""
    values: dict[str, list[Any]] = {name: part[name].to_list() for name in part.columns}
    asked: dict[str, list[bool]] = {name: looks[name].to_list() for name in looks.columns}
    numbers = part[schema.CONVERSATION]
    starts = (numbers != numbers.shift()).fill_null(True).arg_true().to_list()
    spans = [range(first, after) for first, after in itertools.pairwise([*starts, part.height])]
    begun = [gathered(values, asked, rows, settings) for rows in spans]
    raw = [{cell.column: cell.text for cell in one.cells if cell.column in FREE} for one in begun]
    settle(begun, gate(settings))
    for rows, one, before in zip(spans, begun, raw, strict=True):
        yield finished(values, rows, one, before, key)


def gathered(
    values: dict[str, list[Any]], asked: dict[str, list[bool]], rows: range, settings: Settings
) -> Conversation:
    """The conversation of these rows, before redaction."""
    cells = [
        Cell(row, name, values[name][row], asked[name][row])
        for row in rows
        for name in ORDER
        if values[name][row]
    ]
    first = rows[0]
    for name in ("source", "tree", "conversation_id"):
        for text, row in {values[name][row]: row for row in reversed(rows)}.items():
            if text:
                cells.append(Cell(first, name, text, asked[name][row] or name == "source"))
    roster, authors = who(values, rows, settings)
    return Conversation(cells, roster, settings, authors)


def finished(
    values: dict[str, list[Any]], rows: range, conversation: Conversation, raw: dict[str, str], key: bytes
) -> list[Cell]:
    """The redacted conversation with its originals shown to be clean or withheld, and its ids distinct."""
    cells = conversation.cells
    withhold(conversation)
    rename(cells, raw, [values["record"][rows[0]], *(str(values["role"][row]) for row in rows)], key)
    named_files = dict.fromkeys(values["source"][row] for row in reversed(rows))
    sources = dict(zip(named_files, (cell for cell in cells if cell.column == "source"), strict=False))
    return spread(cells, rows, values, sources)


def withhold(conversation: Conversation) -> None:
    """Empty the originals that may still hold a value: one of the text's was not met there, or one is
    left in it.
    """
    texts = {cell.row: cell for cell in conversation.cells if cell.column == "text"}
    busy = bool(conversation.values or conversation.roster.people)
    for cell in conversation.cells:
        if cell.column != "original" or not (busy or cell.changed or cell.look):
            continue
        put = texts[cell.row].replaced if cell.row in texts else {}
        missed = any(cell.replaced.get(stand_in, 0) < times for stand_in, times in put.items())
        if missed or not conversation.clean(cell.text):
            cell.put("")


def rename(cells: list[Cell], raw: dict[str, str], salt: Iterable[object], key: bytes) -> None:
    """Give ids that changed their suffix, so that two conversations do not become one."""
    changed = [cell for cell in cells if cell.changed and cell.column in ("conversation_id", "tree")]
    if not changed:
        return
    content = blake2b(repr(list(salt)).encode(), key=key[:64], digest_size=16)
    for cell in cells:
        if cell.column == "text":
            content.update(f"{len(cell.text)}:{cell.text}".encode("utf-8", "surrogatepass"))
    for cell in changed:
        if cell.column == "tree":
            # Branches of a tree lie in several conversations: the suffix may come from the tree's name alone.
            salted = distinct(raw["tree"], b"tree" + key)
        else:
            salted = distinct(raw["conversation_id"] + "\0" + raw.get("source", ""), content.digest() + key)
        cell.text = f"{cell.text}~{salted}"


def spread(
    cells: list[Cell], rows: range, values: dict[str, list[Any]], sources: dict[str, Cell]
) -> list[Cell]:
    """The cells that changed, those of ids and file names once per row."""
    spread_out: list[Cell] = []
    for cell in cells:
        if not cell.changed:
            continue
        if cell.column not in FREE:
            spread_out.append(cell)
            continue
        for row in rows:
            if cell.column != "source" or sources.get(values["source"][row]) is cell:
                spread_out.append(Cell(row, cell.column, cell.text, False))
    return spread_out


class Edits:
    """What changes in a batch, gathered per column and written at once."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows
        self.columns: dict[str, tuple[list[int], list[str | None]]] = {
            name: ([], []) for name in schema.PRIVATE
        }
        self.counts: dict[int, dict[str, int]] = {}

    def take(self, cells: list[Cell]) -> None:
        """Note the changes of one conversation."""
        originals: dict[int, dict[str, int]] = {}
        for cell in cells:
            row = self.rows[cell.row]
            places, texts = self.columns[cell.column]
            places.append(row)
            texts.append(None if cell.column == "original" and not cell.text else cell.text)
            if cell.column in COUNTED:
                add(self.counts.setdefault(row, {}), cell)
            elif cell.column == "original":
                add(originals.setdefault(row, {}), cell)
        for row, tally in originals.items():
            counted = self.counts.setdefault(row, {})
            for kind, times in tally.items():
                counted[kind] = max(counted.get(kind, 0), times)

    def written(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The private columns after all edits, and the counts."""
        columns = []
        for name, (places, texts) in self.columns.items():
            column = batch[name]
            columns.append(
                column.clone().scatter(places, pl.Series(texts, dtype=pl.String)) if places else column
            )
        total = pl.repeat(0, batch.height, dtype=pl.UInt32, eager=True)
        kinds = pl.repeat(None, batch.height, dtype=pl.String, eager=True)
        counted = {row: tally for row, tally in self.counts.items() if tally}
        if counted:
            rows = list(counted)
            total = total.scatter(
                rows, pl.Series([sum(t.values()) for t in counted.values()], dtype=pl.UInt32)
            )
            shown = [
                " ".join(f"{kind}:{tally[kind]}" for kind in sorted(tally)) for tally in counted.values()
            ]
            kinds = kinds.scatter(rows, pl.Series(shown, dtype=pl.String))
        return pl.DataFrame([*columns, total.alias("pii"), kinds.alias("pii_kinds")])


def add(tally: dict[str, int], cell: Cell) -> None:
    """Count a cell's stand-ins by kind."""
    for stand_in, times in cell.replaced.items():
        kind = stand_in.strip("<>").rpartition("_")[0]
        tally[kind] = tally.get(kind, 0) + times
