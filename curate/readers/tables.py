"""CSV, .xlsx and Parquet with a conversation in each row: pairs, and lists of messages in a cell.

Tables with a row per message have the schema "messages": `regroup` cuts and reads those.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from curate.readers.build import MessageRows, dumps
from curate.readers.quarantine import Quarantine
from curate.readers.roles import RoleMap
from curate.readers.row_messages import plain
from curate.readers.schemas import SCHEMAS
from curate.readers.schemas.base import Reading
from curate.readers.table_frames import frames
from curate.readers.table_look import look_at_table as look
from curate.readers.table_records import record_of
from curate.readers.types import Batch, Look, Piece, Unreadable
from curate.schema import MESSAGES

__all__ = ["cut", "look", "read"]


def cut(looks: Sequence[Look], shard_bytes: int) -> Iterable[Piece]:
    """Pieces of tables that hold a conversation in each row (or no table at all), in the order of `looks`."""
    for found in looks:
        yield from _cut(found, shard_bytes)


def _cut(found: Look, shard_bytes: int) -> Iterator[Piece]:
    if found.schema == "unknown" or found.container == "xlsx":
        yield Piece(looks=(found,), start=0, stop=0, weight=found.size)
    elif found.container == "parquet":
        height = int(found.facts["rows"])
        count = max(1, min(height, -(-found.size // shard_bytes)))
        bounds = [height * part // count for part in range(count + 1)]
        for begin, end in itertools.pairwise(bounds):
            yield Piece(looks=(found,), start=begin, stop=end, weight=found.size // count, first=begin + 1)
    else:
        yield from cut_csv(found, shard_bytes)


def cut_csv(found: Look, shard_bytes: int) -> Iterator[Piece]:
    """Byte ranges of whole rows of about `shard_bytes` each; a small file in one, unread."""
    start, number = int(found.facts["data"]), int(found.facts["data_row"])
    if found.size <= shard_bytes and not found.compression:
        yield Piece(looks=(found,), start=start, stop=_end(found), weight=found.size, first=number)
        return
    end = start
    for block in frames(found):
        if block.offset - start >= shard_bytes:
            yield Piece(
                looks=(found,), start=start, stop=block.offset, weight=block.offset - start, first=number
            )
            start = block.offset
            numbers = [*block.numbers[:1], *block.held["record"].drop_nulls()[:1]]
            number = min(numbers, default=number)
        end = max(end, block.offset)
    yield Piece(looks=(found,), start=start, stop=_end(found), weight=max(1, end - start), first=number)


def _end(found: Look) -> int:
    """Beyond the last byte: known for plain files; else as far as it goes."""
    return found.size if not (found.compression or found.member) else 1 << 62


def read(piece: Piece) -> Batch:
    """The conversations of a piece whose rows hold one each."""
    (found,) = piece.looks
    rows, held = MessageRows(found.source), Quarantine(found.source)
    if found.schema == "unknown":
        held.add(found.facts["reason"])
        return Batch(rows.frame(), held.frame(), 1, 0)
    convert = importlib.import_module(SCHEMAS[found.schema]).convert
    reading = Reading(rows=rows, roles=RoleMap(found.roles), columns=found.columns)
    quarantined: list[pl.DataFrame] = []
    records = 0
    for block in frames(found, piece.start, piece.stop or None, piece.first if piece.stop else None):
        quarantined.append(block.held)
        records += block.held.height
        for number, row in zip(block.numbers, block.frame.iter_rows(named=True), strict=True):
            if piece.limit is not None and rows.conversations >= piece.limit:
                break
            records += 1
            before = rows.conversations
            try:
                convert(record_of(row, found), number, reading)
            except Unreadable as unreadable:
                rows.rewind(before)
                raw = dumps({name: plain(cell) for name, cell in row.items()}).encode()
                held.add(unreadable.reason, record=number, raw=raw)
    frame = rows.frame() if len(rows) else pl.DataFrame(schema=MESSAGES)
    bad = pl.concat([*quarantined, held.frame()]).sort("record", nulls_last=True)
    return Batch(frame, bad, records, rows.conversations)
