"""Tables as blocks of typed rows: one generator for CSV, .xlsx and Parquet, so that no caller asks which."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import polars as pl

from curate.readers import csv_blocks, csv_file
from curate.readers.broken_rows import Suspect, ids_in_line
from curate.readers.csv_blocks import Full
from curate.readers.csv_file import Dialect
from curate.readers.inputs import open_bytes
from curate.readers.quarantine import Quarantine
from curate.readers.row_messages import plain
from curate.readers.table_columns import WHOLE_FILE
from curate.readers.types import Look, Place, Unreadable

PARQUET_ROWS = 100_000
"""Rows of Parquet read at a time."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some rows of a table in file order: their cells under their own names, and the number of each row."""

    frame: pl.DataFrame
    numbers: pl.Series
    held: pl.DataFrame  # schema.QUARANTINE: rows that could not be read
    offset: int = 0  # of the block's first line, in bytes (CSV) or rows (Parquet)
    lines: Sequence[str] = field(default=(), repr=False)
    rows: csv_file.Rows | None = field(default=None, repr=False)
    suspects: Sequence[Suspect] = ()  # of the rows held, where the column of ids is known
    torn: tuple[str, ...] | None = None  # ids that the row may have in which the file breaks off


def frames(
    look: Look, start: int = 0, stop: int | None = None, first: int | None = None, only: str = ""
) -> Iterator[Block]:
    """The rows of a table: all of it, or from `start` to `stop` (bytes of CSV, rows of Parquet).

    `first` is the number of the first row there, `only` the one column that is wanted. What a damaged file
    gave before its break comes first, then a block that holds one quarantine row.
    """
    read = {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}[look.container]
    held = Quarantine(look.source)
    try:
        yield from read(look, start, stop, first, only)
    except Unreadable as unreadable:
        held.add(unreadable.reason)
        empty = pl.DataFrame(schema=dict.fromkeys(header_of(look), pl.String))
        yield Block(frame=empty, numbers=pl.Series([], dtype=pl.UInt64), held=held.frame())


def header_of(look: Look) -> list[str]:
    """The table's column names, each once."""
    return cast(list[str], json.loads(look.facts.get("header", "[]")))


def _csv(look: Look, start: int, stop: int | None, first: int | None, only: str) -> Iterator[Block]:
    header = header_of(look)
    dialect = dialect_of(look)
    start = max(start, int(look.facts["data"]))
    number = int(look.facts["data_row"]) if first is None else first
    with open_bytes(look) as stream:
        skip(stream, start)
        full = Full(stream)
        for offset, lines, rows in csv_blocks.blocks(full, dialect, len(header), start, stop, number):
            held = Quarantine(look.source)
            suspects, torn = _suspects(look, header, rows.bad, full.broken)
            for record, begin, end, reason, raw in rows.bad:
                held.add(reason, record=record, start=begin, stop=end, raw=raw)
            filled = csv_blocks.without_empty(rows, dialect)
            yield Block(
                frame=_frame(filled.cells, header, only),
                numbers=pl.Series(filled.numbers, dtype=pl.UInt64),
                held=held.frame(),
                offset=offset,
                lines=lines,
                rows=filled,
                suspects=suspects,
                torn=torn,
            )


def _suspects(
    look: Look, header: list[str], bad: Sequence[tuple[int, int, int, str, bytes]], broken: str
) -> tuple[list[Suspect], tuple[str, ...] | None]:
    """The ids that bad rows may have; those of the row in which the file breaks off apart."""
    column = look.columns.get("conversation_id", "")
    if column not in header:
        return [(number, (column,)) for number, *_ in bad if column == WHOLE_FILE], None
    place, width, dialect = header.index(column), len(header), dialect_of(look)
    told = [(number, ids_in_line(raw, place, width, dialect)) for number, _, _, _, raw in bad]
    torn = told.pop()[1] if broken and bad and bad[-1][3] == broken else None
    return told, torn


def _frame(cells: list[list[str]], header: list[str], only: str) -> pl.DataFrame:
    """Rows of text as a frame: all columns, or the one named."""
    if only:
        place = header.index(only)
        return pl.DataFrame({only: pl.Series([row[place] for row in cells], dtype=pl.String)})
    with csv_file.uncollected():
        columns = [[row[place] for row in cells] for place in range(len(header))]
    series = (pl.Series(column, dtype=pl.String) for column in columns)
    return pl.DataFrame(dict(zip(header, series, strict=True)))


def dialect_of(look: Look) -> Dialect:
    """How the CSV file of a look is written."""
    return Dialect(
        encoding=look.encoding,
        delimiter=look.delimiter,
        escape=look.facts.get("escape", ""),
        newline=look.facts.get("newline", "\n"),
    )


def row_bytes(block: Block, dialect: Dialect) -> list[int]:
    """The byte offset in the file at which each row of a CSV block begins."""
    assert block.rows is not None, "only blocks of CSV files have lines"
    return csv_blocks.row_bytes(block.rows, block.lines, block.offset, dialect)


def skip(stream: BinaryIO, start: int) -> None:
    """Go to byte `start` of a stream, by seeking where it can."""
    if not start:
        return
    if not stream.seekable():
        full = Full(stream)
        while start > 0:
            part = full.read(min(start, 1 << 20))
            if not part:
                return
            start -= len(part)
    else:
        stream.seek(start)


def _parquet(look: Look, start: int, stop: int | None, first: int | None, only: str) -> Iterator[Block]:
    scan = scan_parquet(look).select(only) if only else scan_parquet(look)
    end = int(look.facts["rows"]) if stop is None else stop
    for begin in range(start, end, PARQUET_ROWS):
        count = min(PARQUET_ROWS, end - begin)
        try:
            frame = scan.slice(begin, count).collect()
        except Exception:  # Polars has many errors here; none of their texts is passed on
            raise Unreadable("Parquet data is damaged or was changed since it was looked at") from None
        numbers = pl.Series(range(begin + 1, begin + 1 + frame.height), dtype=pl.UInt64)
        yield Block(frame=frame, numbers=numbers, held=Quarantine("").frame(), offset=begin)


def scan_parquet(place: Place) -> pl.LazyFrame:
    """The file as a lazy frame; a member of an archive, as what lies on a web server, is read whole first."""
    with open_bytes(place) as stream:
        if not stream.seekable() or place.path.startswith(("http://", "https://")):
            return pl.scan_parquet(io.BytesIO(stream.read()))
        return pl.scan_parquet(place.path, glob=False)


def _xlsx(look: Look, start: int, stop: int | None, first: int | None, only: str) -> Iterator[Block]:
    header = header_of(look)
    top = int(look.facts["data"])
    rows = sheet_rows(look, look.facts["sheet"])
    held = Quarantine(look.source)
    suspects: list[Suspect] = []
    column = look.columns.get("conversation_id", "")
    kept: list[list[Any]] = []
    numbers: list[int] = []
    for number, row in enumerate(rows[top:], top + 1):
        if not any(cell not in ("", None) for cell in row):
            continue
        if any(cell not in ("", None) for cell in row[len(header) :]):
            held.add(
                f"row has {len(row)} cells, the header {len(header)}", record=number, raw=str(row).encode()
            )
            if column in header:
                suspects.append(
                    (number, tuple(filter(None, [str(plain(row[header.index(column)])).strip()])))
                )
            continue
        kept.append([*row[: len(header)], *[None] * (len(header) - len(row))])
        numbers.append(number)
    columns = zip(*kept, strict=True) if kept else ([] for _ in header)
    frame = pl.DataFrame([_typed(name, list(cells)) for name, cells in zip(header, columns, strict=True)])
    yield Block(
        frame=frame, numbers=pl.Series(numbers, dtype=pl.UInt64), held=held.frame(), suspects=suspects
    )


def _typed(name: str, cells: list[Any]) -> pl.Series:
    """A column of a sheet: as its one type, or as text where a spreadsheet mixes them."""
    cells = [None if cell == "" else cell for cell in cells]
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) == 1 and not kinds & {str}:
        try:
            return pl.Series(name, cells, strict=True)
        except (TypeError, pl.exceptions.PolarsError):
            pass
    told = [None if cell is None else str(plain(cell)) for cell in cells]
    return pl.Series(name, told, dtype=pl.String)


def sheet_names(place: Place) -> list[str]:
    """Names of a workbook's sheets. Raises Unreadable."""
    return [str(name) for name in _workbook(place).sheet_names]


def sheet_rows(place: Place, sheet: str) -> list[list[Any]]:
    """A sheet's rows from its first on, formulas as their values; merged cells hold the value of the first.

    Empty cells are "". Raises Unreadable.
    """
    try:
        found = _workbook(place).get_sheet_by_name(sheet)
        rows = [list(row) for row in found.to_python(skip_empty_area=False)]
        merged = found.merged_cell_ranges or []
    except Unreadable:
        raise
    except Exception:  # the library's errors name cells and values; none of their texts is passed on
        raise Unreadable("sheet cannot be read") from None
    for (top, left), (bottom, right) in merged:
        for row in range(top, min(bottom, len(rows) - 1) + 1):
            for column in range(left, min(right, len(rows[row]) - 1) + 1):
                rows[row][column] = rows[top][left]
    return rows


def _workbook(place: Place) -> Any:
    import python_calamine

    try:
        with open_bytes(place) as stream:
            return python_calamine.load_workbook(io.BytesIO(stream.read()))
    except python_calamine.CalamineError:
        raise Unreadable("not a workbook that can be read (.xlsx)") from None
