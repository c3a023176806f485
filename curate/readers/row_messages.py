"""From rows of a table that hold a message each to the message table, whatever order they come in.

Two steps: `canonical_rows` gives the rows of one file our columns (per block, so a filter can be applied
before the dear part), `rows_to_messages` puts the rows of any number of files together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from curate.readers.build import dumps
from curate.readers.quarantine import Quarantine
from curate.readers.roles import RoleMap
from curate.readers.table_columns import WHOLE_FILE, named
from curate.readers.table_times import parse_times
from curate.readers.types import Look, Unreadable
from curate.schema import MESSAGES, ROLE, VERDICT

_ROWS: dict[str, Any] = {
    "conversation_id": pl.String,
    "role": ROLE,
    "author": pl.String,
    "sent_at": pl.Int64,
    "turn": pl.Float64,  # as the export counts, to sort by
    "turn_read": pl.String,  # `"tour":"5"`: joins `extra` where our own count differs
    "text": pl.String,
    "parts": pl.String,
    "extra": pl.String,
    "source": pl.String,
    "record": pl.UInt64,
}
ROWS = pl.Schema(_ROWS)
"""A message's row, ready to be put in its place."""

Chosen = Callable[[pl.Series], pl.Series]
"""Given conversation ids (null where a row has none), which rows to take (Boolean)."""


def ids_of(frame: pl.DataFrame, look: Look) -> pl.Series:
    """The conversation ids of a file's rows as text, digit for digit; null where the cell is empty."""
    column = look.columns["conversation_id"]
    if column == WHOLE_FILE:
        return pl.repeat(look.source, frame.height, dtype=pl.String, eager=True)
    ids = as_text(frame[column]).str.strip_chars().alias("id")
    return ids.to_frame().select(pl.when(pl.col("id") != "").then(pl.col("id")))["id"]


def canonical_rows(
    frame: pl.DataFrame, numbers: pl.Series, look: Look, chosen: Chosen | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """The rows with our columns (ROWS), what is quarantined (schema.QUARANTINE), and the ids of that.

    `frame` has their columns, of any type; `numbers` the record number of each row. A row without an id, a
    role or with an unknown one is quarantined. Cells that are mapped to nothing, and times and turns that
    cannot be read as such, go to `extra`.
    """
    ids = ids_of(frame, look)
    if chosen is not None:
        mask = chosen(ids)
        frame, numbers, ids = frame.filter(mask), numbers.filter(mask), ids.filter(mask)
    roles_read = as_text(frame[look.columns["role"]]).fill_null("")
    roles, faults = _roles(roles_read, look)
    wrong = pl.Series(
        [
            fault or ("no conversation id" if id is None else "")
            for fault, id in zip(faults, ids, strict=True)
        ],
        dtype=pl.String,
    )
    held = Quarantine(look.source)
    good = wrong == ""
    broken = ids.filter(~good & ids.is_not_null()).unique().to_list()
    if not good.all():
        for place in (~good).arg_true():
            raw = dumps({name: plain(value) for name, value in frame.row(place, named=True).items()})
            held.add(wrong[place], record=numbers[place], raw=raw.encode())
        frame, numbers, ids = frame.filter(good), numbers.filter(good), ids.filter(good)
        roles_read, roles = roles_read.filter(good), roles.filter(good)
    columns = _values(frame, look)
    frame, columns["author"] = _named(frame, roles, columns["author"], look)
    columns["extra"] = _extras(frame, look, columns, roles_read, roles)
    columns |= {"conversation_id": ids, "role": roles, "record": numbers.cast(pl.UInt64)}
    columns["source"] = pl.repeat(look.source, frame.height, dtype=pl.String, eager=True)
    columns["parts"] = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    rows = pl.DataFrame({name: columns[name].cast(dtype) for name, dtype in ROWS.items()})
    return rows, held.frame(), broken


def _roles(read: pl.Series, look: Look) -> tuple[pl.Series, list[str]]:
    """Our role of each row (null where unknown) and what is wrong with it ("" for nothing)."""
    known = RoleMap(look.roles)
    ours: dict[str, str | None] = {}
    faults: dict[str, str] = {}
    for name in read.unique().to_list():
        try:
            ours[name], faults[name] = known[name], ""
        except Unreadable as unreadable:
            ours[name] = None
            faults[name] = unreadable.reason if name.strip() else "the role is empty"
    mapped = pl.Series([ours[name] for name in read], dtype=pl.String).cast(ROLE)
    return mapped, [faults[name] for name in read]


def _values(frame: pl.DataFrame, look: Look) -> dict[str, pl.Series]:
    """text, author, sent_at, turn and turn_read of each row."""
    empty = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    columns = look.columns
    values = {"text": as_text(frame[columns["text"]]).fill_null("")}
    values["author"] = as_text(frame[columns["author"]]) if "author" in columns else empty
    values["author"] = (
        values["author"].to_frame("a").select(pl.when(pl.col("a") != "").then(pl.col("a")))["a"]
    )
    values["sent_at"] = empty.cast(pl.Int64)
    if "sent_at" in columns:
        values["sent_at"] = parse_times(frame[columns["sent_at"]], look.facts.get("dates", ""))
    values["turn"], values["turn_read"] = empty.cast(pl.Float64), empty
    if "turn" in columns:
        cells = frame[columns["turn"]]
        read = (
            as_text(cells)
            .str.strip_chars()
            .str.replace(",", ".", literal=True)
            .cast(pl.Float64, strict=False)
        )
        values["turn"] = read
        values["turn_read"] = pl.Series(
            [
                None if number is None else dumps({columns["turn"]: plain(cell)})[1:-1]
                for number, cell in zip(read, cells, strict=True)
            ],
            dtype=pl.String,
        )
    return values


def _named(
    frame: pl.DataFrame, roles: pl.Series, author: pl.Series, look: Look
) -> tuple[pl.DataFrame, pl.Series]:
    """The author where only a column for the people behind that role names one; that cell is then taken."""
    left = [name for name in frame.columns if name not in look.columns.values()]
    for role in ("user", "assistant"):
        for name in named(role, left):
            cells = pl.col(name)
            if frame.schema[name] != pl.String:
                continue
            here = frame.with_columns(author.alias("\0author"), roles.alias("\0role"))
            taken = here.select(
                (pl.col("\0role") == role) & pl.col("\0author").is_null() & (cells.str.strip_chars() != "")
            ).to_series()
            taken = taken.fill_null(value=False)
            author = frame.select(pl.when(taken).then(cells).otherwise(author)).to_series()
            frame = frame.with_columns(pl.when(~taken).then(cells).alias(name))
    return frame, author.alias("author")


def _extras(
    frame: pl.DataFrame, look: Look, values: Mapping[str, pl.Series], read: pl.Series, roles: pl.Series
) -> pl.Series:
    """The `extra` of each row: the role where it is spelled otherwise, then all cells that nothing maps."""
    mapped = {theirs for ours, theirs in look.columns.items() if ours in ROWS}
    decimals = set(look.facts.get("decimals", "").split("\0"))
    renamed = read.to_frame("read").with_columns(ours=roles.cast(pl.String))
    fields = {"role": renamed.select(pl.when(pl.col("read") != pl.col("ours")).then("read"))["read"]}
    for ours in ("sent_at", "turn"):
        theirs = look.columns.get(ours)
        if theirs and (lost := (values[ours].is_null() & frame[theirs].is_not_null())).any():
            kept = frame.select(pl.when(lost).then(pl.col(theirs)).alias(theirs))
            fields[theirs] = kept[theirs]
    for name in frame.columns:
        if name not in mapped:
            fields["column role" if name == "role" else name] = frame[name]
    told = pl.DataFrame(
        {
            name: _fields(name, cells, look.decimal if name in decimals else "")
            for name, cells in fields.items()
        }
    )
    joined = told.select(pl.concat_str(pl.all(), separator=",", ignore_nulls=True).alias("extra"))
    braced = pl.when(pl.col("extra") != "").then(pl.concat_str(pl.lit("{"), "extra", pl.lit("}")))
    return joined.select(braced.alias("extra"))["extra"]


def _fields(name: str, cells: pl.Series, decimal: str) -> pl.Series:
    """`"name":value` as JSON for each cell, null for an empty one; equal cells are written once.

    `decimal` is the sign of a column of measures, whose cells become numbers, digit for digit.
    """
    told: dict[Any, str | None] = {None: None, "": None}
    lead = dumps(name)

    def write(cell: Any) -> str:
        return f"{lead}:{dumps(_number(cell, decimal) if decimal else plain(cell))}"

    found: list[str | None] = []
    for cell in cells.to_list():
        try:
            if cell not in told:
                told[cell] = write(cell)
            found.append(told[cell])
        except TypeError:  # a list or a struct: no key of a dict
            found.append(write(cell))
    return pl.Series(found, dtype=pl.String)


def _number(cell: str, decimal: str) -> Decimal | str:
    """The cell as a number if it is one to the digit, else as it is."""
    plain_form = cell.replace(decimal, ".")
    try:
        number = Decimal(plain_form)
    except ArithmeticError:
        return cell
    return number if str(number) == plain_form else cell


def rows_to_messages(rows: pl.DataFrame, limit: int | None = None) -> pl.DataFrame:
    """schema.MESSAGES from ROWS in any order: conversations by their first row, their messages by time.

    Inside a conversation the order is the turn column if every row has one, then the time if every row has
    one, then (source, record).

    >>> row = {name: [None, None] for name in ROWS} | {"conversation_id": ["a", "a"], "text": ["2", "1"]}
    >>> row |= {"role": ["assistant", "user"], "turn": [2.0, 1.0], "source": ["f", "f"], "record": [1, 2]}
    >>> rows_to_messages(pl.DataFrame(row, schema=ROWS))["text"].to_list()
    ['1', '2']
    """
    rows = rows.sort("source", "record").with_row_index("place")
    number = pl.col("place").first().over("conversation_id")
    rows = rows.with_columns(first=number)
    whole = {name: pl.col(name).is_not_null().all().over("first") for name in ("turn", "sent_at")}
    rows = rows.with_columns(
        **{f"by_{name}": pl.when(whole[name]).then(pl.col(name)) for name in ("turn", "sent_at")}
    ).sort("first", "by_turn", "by_sent_at", "place", nulls_last=True)
    rows = rows.with_columns(turn_read_at=pl.col("turn"), at=pl.int_range(pl.len()))
    rows = rows.with_columns(turn=(pl.col("at") - pl.col("at").first().over("first")).cast(pl.UInt32))
    if limit is not None:
        rows = rows.filter(pl.col("first").rle_id() < limit)
    differs = pl.col("turn_read").is_not_null() & (pl.col("turn_read_at") != pl.col("turn").cast(pl.Float64))
    extra = (
        pl.when(~differs)
        .then(pl.col("extra"))
        .when(pl.col("extra").is_null())
        .then(pl.concat_str(pl.lit("{"), "turn_read", pl.lit("}")))
        .otherwise(pl.concat_str(pl.lit("{"), "turn_read", pl.lit(","), pl.col("extra").str.slice(1)))
    )
    rows = rows.with_columns(
        extra=extra,
        sent_at=pl.col("sent_at").cast(pl.Datetime("us", "UTC")),
        verdict=pl.lit("keep").cast(VERDICT),
    )
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None, dtype=dtype).alias(name)).cast(dtype)
        for name, dtype in MESSAGES.items()
    )


def as_text(cells: pl.Series) -> pl.Series:
    """Cells as text: numbers digit for digit (a whole float without `.0`), times as ISO 8601, lists as JSON.

    >>> as_text(pl.Series([1.0, 2.5, None])).to_list()
    ['1', '2.5', None]
    """
    if cells.dtype == pl.String:
        return cells
    if cells.dtype.is_integer() or isinstance(cells.dtype, (pl.Categorical, pl.Enum)):
        return cells.cast(pl.String)
    told = [None if cell is None else plain(cell) for cell in cells]
    return pl.Series(
        [cell if cell is None or isinstance(cell, str) else dumps(cell) for cell in told], dtype=pl.String
    )


def plain(cell: Any) -> Any:
    """A cell as JSON can hold it: times as ISO 8601, whole floats as integers, NaN by its name."""
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return str(cell)
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, pl.Series):
        cell = cell.to_list()
    if isinstance(cell, list):
        return [plain(element) for element in cell]
    if isinstance(cell, dict):
        return {name: plain(element) for name, element in cell.items() if element is not None}
    return cell
