"""Looking at a table once: encoding, delimiter, decimal sign, header, meaning of columns, order of dates."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from curate.readers import csv_file
from curate.readers.inputs import open_bytes, read_head
from curate.readers.row_messages import as_text, plain
from curate.readers.schemas import SCHEMAS
from curate.readers.table_columns import Meaning, distinct, find_meaning, whole_column
from curate.readers.table_frames import scan_parquet, sheet_names, sheet_rows
from curate.readers.table_records import DECIMAL, record_of
from curate.readers.table_times import decide_date_order
from curate.readers.text_encoding import detect_encoding
from curate.readers.types import InputOptions, Look, Place, Unreadable

SAMPLE = 1 << 20
"""Bytes of a CSV file that are looked at."""
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
Sample = dict[str, list[str]]
"""The first cells of each column, as text."""


def look_at_table(place: Place, options: InputOptions, head: bytes) -> list[Look]:
    """What the file holds: a look, or one per sheet of a workbook.

    Raises Unreadable, with what was tried and the next step, for a file that cannot be used whole; a sheet
    that cannot gets a look with the schema "unknown", which reads as one quarantine row.
    """
    if head.startswith(b"PAR1"):
        return [_look_parquet(place, options)]
    if head.startswith(b"PK\x03\x04"):
        return _look_workbook(place, options)
    return [_look_csv(place, options, head)]


def _look_csv(place: Place, options: InputOptions, head: bytes) -> Look:
    head = read_head(place, SAMPLE) if len(head) < SAMPLE else head
    if not head.strip():
        raise Unreadable("file is empty")
    encoding = detect_encoding(_spread(place, head), options.encoding)
    whole = len(head) < SAMPLE
    sample = head[encoding.mark :]
    text, _ = csv_file.text_of(sample if whole else sample[: len(sample) // 4 * 4], encoding.name)
    delimiter, begin = options.delimiter, 0
    hint = _EXCEL_HINT.match(text)
    if hint:  # Excel's own line that names the delimiter
        begin, delimiter = hint.end(), hint[1] if delimiter == "auto" else delimiter
    newline = "\n" if "\n" in text or "\r" not in text else "\r"
    if not whole and newline in text:
        text = text[: text.rindex(newline) + 1]
    dialect = csv_file.find_dialect(text[begin:], encoding.name, delimiter)
    lines = dialect.split(text[begin:])
    rows = csv_file.parse(lines, 0, dialect, 1, final=whole, clean=False)
    filled = [(at, row) for at, row in zip(rows.lines, rows.cells, strict=True) if any(row)]
    if not filled:
        raise Unreadable("no row can be read")
    at, names = filled[0]
    header = distinct(names)
    cells = [row for _, row in filled[1:] if len(row) == len(header)]
    if not cells:
        raise Unreadable(
            "no row below the header" if len(filled) == 1 else "no row has as many cells as the header"
        )
    after = at + 1 + sum(name.count(newline) for name in names)
    columns: Sample = {name: [row[place] for row in cells] for place, name in enumerate(header)}
    decimal, measures = _decimals(columns, dialect.delimiter)
    facts = {
        "header": json.dumps(header),
        "data": str(
            encoding.mark + len(csv_file.bytes_of(text[:begin] + "".join(lines[:after]), encoding.name))
        ),
        "data_row": str((2 if hint else 1) + _rows_before(rows, at) + 1),
        "escape": dialect.escape,
        "newline": dialect.newline,
    }
    found = Look(
        **vars_of(place),
        container="csv",
        schema="",
        encoding=encoding.name,
        delimiter=dialect.delimiter,
        decimal=decimal,
        facts=facts | ({"decimals": "\0".join(measures)} if measures else {}),
    )
    return _with_meaning(found, header, columns, options)


def _rows_before(rows: csv_file.Rows, line: int) -> int:
    """How many rows stand before the one that begins at this line."""
    return rows.numbers[rows.lines.index(line)] - 1


def _spread(place: Place, head: bytes) -> bytes:
    """The head and, of a big plain file, blocks from further on: an accent may come late."""
    if place.compression or place.member or len(head) < SAMPLE:
        return head
    blocks = [head]
    with open_bytes(place) as stream:
        if not stream.seekable():
            return head
        for step in range(1, 33):
            stream.seek(place.size * step // 33 & ~3)
            blocks.append(stream.read(1 << 16).partition(b"\n")[2])
    return b"".join(blocks) if b"\0" not in head[:4096] else head


def _decimals(columns: Sample, delimiter: str) -> tuple[str, list[str]]:
    """The decimal sign, and the columns of measures (numbers with a fraction; plain digits stay text: ids).

    Between commas, `1,234` may be a thousand: a decimal comma then needs another count of digits than three.
    """
    for sign in (",", "."):
        found = []
        for name, cells in columns.items():
            filled = [cell for cell in cells if cell]
            fractions = [cell for cell in filled if sign in cell]
            if fractions and all(map(DECIMAL[sign].fullmatch, filled)):
                thousands = (
                    sign == "," and delimiter == "," and all(len(c.split(",")[1]) == 3 for c in fractions)
                )
                if not thousands:
                    found.append(name)
        if found:
            return sign, found
    return "", []


def vars_of(place: Place) -> dict[str, Any]:
    """The fields of a place, to make a Look of it."""
    return {
        name: getattr(place, name) for name in ("path", "member", "source", "compression", "size", "version")
    }


def _look_workbook(place: Place, options: InputOptions) -> list[Look]:
    """A look per sheet that holds anything."""
    looks: list[Look] = []
    names = sheet_names(place)
    for sheet in names:
        source = place.source if len(names) == 1 else f"{place.source}/{sheet}"
        found = Look(**(vars_of(place) | {"source": source}), container="xlsx", schema="unknown")
        rows = sheet_rows(place, sheet)
        top = next((at for at, row in enumerate(rows) if any(cell != "" for cell in row)), None)
        if top is None:
            continue
        named = [str(plain(cell)) for cell in rows[top]]
        while named and not named[-1].strip():
            named.pop()
        header = distinct(named)
        cells = [[str(plain(cell)) for cell in row] for row in rows[top + 1 : top + 2001]]
        columns: Sample = {
            name: [row[at] for row in cells if at < len(row)] for at, name in enumerate(header)
        }
        facts = {"header": json.dumps(header), "sheet": sheet, "data": str(top + 1)}
        try:
            if not cells:
                raise Unreadable("no row below the header")
            looks.append(_with_meaning(replace(found, facts=facts), header, columns, options))
        except Unreadable as unreadable:
            looks.append(replace(found, facts=facts | {"reason": unreadable.reason}))
    if not looks:
        raise Unreadable("no sheet of the workbook holds anything")
    if all(found.schema == "unknown" for found in looks):
        reasons = {found.facts["reason"] for found in looks}
        raise Unreadable(reasons.pop() if len(reasons) == 1 else "no sheet is a table of messages or pairs")
    return looks


def _look_parquet(place: Place, options: InputOptions) -> Look:
    try:
        scan = scan_parquet(place)
        schema = scan.collect_schema()
        height = int(scan.select(pl.len()).collect().item())
        first = scan.head(500).collect()
    except Unreadable:
        raise
    except Exception:  # Polars has many errors here; none of their texts is passed on
        raise Unreadable("not a Parquet file that can be read: damaged or cut off") from None
    if not height:
        raise Unreadable("table has no rows")
    facts = {"header": json.dumps(schema.names()), "rows": str(height)}
    found = Look(**vars_of(place), container="parquet", schema="", facts=facts)
    columns: Sample = {}
    for name, kind in schema.items():
        nested = isinstance(kind, (pl.List, pl.Array, pl.Struct))
        columns[name] = [] if nested else [cell or "" for cell in as_text(first[name])]
    whole = _whole_schema(first, schema, options)
    if whole:
        return replace(found, schema=whole, columns=dict(options.columns), roles=dict(options.roles))
    return _with_meaning(found, schema.names(), columns, options)


def _whole_schema(first: pl.DataFrame, schema: Mapping[str, Any], options: InputOptions) -> str:
    """The record schema of rows that hold whole conversations, "" where they do not."""
    nested = any(isinstance(kind, (pl.List, pl.Array, pl.Struct)) for kind in schema.values())
    column = whole_column(first.columns)
    as_json = column and first.schema[column] == pl.String and first[column].str.starts_with("[").any()
    if not (nested or as_json):
        return ""
    if options.format not in ("auto", "messages"):
        return options.format if options.format in SCHEMAS else ""
    claims: dict[str, int] = {}
    records = [record_of(row) for row in first.head(20).iter_rows(named=True)]
    for name, module in SCHEMAS.items():
        claimed = sum(
            bool(importlib.import_module(module).claims(record, options.columns)) for record in records
        )
        if claimed:
            claims[name] = claimed
    best = [name for name, count in claims.items() if count == max(claims.values())]
    if len(best) > 1:
        raise Unreadable(f"ambiguous: could be {' or '.join(best)}; set format in [[input]]")
    return best[0] if best else ""


def _with_meaning(found: Look, header: Sequence[str], columns: Sample, options: InputOptions) -> Look:
    """The look with schema, columns, roles and the order of its dates."""
    whole = whole_column(header)
    if found.container != "parquet" and any(cell.startswith("[{") for cell in columns.get(whole, [])[:20]):
        frame = pl.DataFrame({name: cells[:20] for name, cells in columns.items()}, strict=False)
        schema = _whole_schema(frame, frame.schema, options)
        if schema:
            return replace(found, schema=schema, columns=dict(options.columns), roles=dict(options.roles))
    meaning: Meaning = find_meaning(header, columns, options)
    facts = dict(found.facts)
    if "sent_at" in meaning.columns:
        cells = pl.Series(columns[meaning.columns["sent_at"]], dtype=pl.String)
        order = decide_date_order(cells, found.delimiter)
        facts |= {"dates": order} if order else {}
    taken = set(meaning.columns.values())
    if "decimals" in facts:
        kept = [name for name in facts.pop("decimals").split("\0") if name not in taken]
        facts |= {"decimals": "\0".join(kept)} if kept else {}
    return replace(found, schema=meaning.schema, columns=meaning.columns, roles=meaning.roles, facts=facts)
