"""A table of messages read once for its ids: where it may be cut, and which rows cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from curate.readers.broken_rows import BrokenRows
from curate.readers.row_messages import ids_of
from curate.readers.row_records import record_rows
from curate.readers.table_columns import WHOLE_FILE
from curate.readers.table_frames import Block, dialect_of, frames, row_bytes
from curate.readers.types import Look, Piece

TABLES = ("csv", "xlsx", "parquet")
_WIDEST = 4
"""Bytes that a character takes at most."""
INFLATED = {"": 1, "gz": 5, "zst": 5}
"""About how much bigger text is than its compressed file, to choose the number of partitions."""


@dataclass(frozen=True, kw_only=True)
class Index:
    """What the ids of a file tell.

    `runs` has a 64-bit hash of the id of every run of equal ids, `pieces` the ranges that cut between runs,
    `bounds` how many runs end before the end of each. No pieces where the file cannot be cut so and is too
    big for one. `alternatives`: see broken_rows.
    """

    runs: pl.Series
    pieces: list[Piece]
    bounds: list[int]
    alternatives: list[tuple[str, ...]]


def index(found: Look, shard_bytes: int) -> Index:
    """Read the ids of a file, block by block."""
    runs: list[pl.Series] = []
    pieces: list[Piece] = []
    bounds: list[int] = []
    broken = BrokenRows()
    last: str | None = None
    begin, number = _origin(found)
    for ids, block in ids_by_block(found):
        broken.feed(ids, block.numbers, block.suspects)
        if block.torn is not None:
            broken.tear(block.torn)
        if not ids.len():
            continue
        starts = ids.ne_missing(ids.shift(1)).scatter(0, not runs or ids[0] != last)
        before, last = sum(one.len() for one in runs), ids[-1]
        runs.append(ids.filter(starts & ids.is_not_null()).hash(seed=0))
        for row, at in _cuts(found, block, starts.arg_true(), begin, shard_bytes):
            pieces.append(_piece(found, begin, at, number))
            bounds.append(before + int((starts & ids.is_not_null())[:row].sum()))
            begin, number = at, int(block.numbers[row])
    broken.close()
    stop = (1 << 62) if found.container == "csv" else int(found.facts.get("rows", 0))
    pieces.append(_piece(found, begin, stop, number))
    bounds.append(sum(one.len() for one in runs))
    whole = found.container in ("csv", "parquet")
    if not whole and found.size * INFLATED[found.compression] > 2 * shard_bytes:
        pieces = []
    hashes = pl.concat(runs) if runs else pl.Series([], dtype=pl.UInt64)
    return Index(runs=hashes, pieces=pieces, bounds=bounds, alternatives=broken.alternatives)


def _cuts(
    found: Look, block: Block, starts: pl.Series, begin: int, shard_bytes: int
) -> Iterator[tuple[int, int]]:
    """Rows of the block before which the file is cut, each with where that is (byte of CSV, row of Parquet).

    They begin a run of ids (`starts`), and at least a shard lies between two of them.
    """
    if found.container == "csv":
        if block.offset + sum(map(len, block.lines)) * _WIDEST - begin < shard_bytes:
            return
        places: Sequence[int] = row_bytes(block, dialect_of(found))
    elif found.container == "parquet":
        places = range(block.offset, block.offset + block.frame.height)
    else:
        return
    for row in starts:
        reach = places[row] - begin
        if (reach if found.container == "csv" else _bytes(found, reach)) >= shard_bytes:
            begin = places[row]
            yield row, begin


def _origin(found: Look) -> tuple[int, int]:
    if found.container == "csv":
        return int(found.facts["data"]), int(found.facts["data_row"])
    return 0, 1


def _bytes(found: Look, rows: int) -> int:
    """About how many bytes of a Parquet file so many rows are."""
    return found.size * rows // max(1, int(found.facts["rows"]))


def _piece(found: Look, begin: int, stop: int, number: int) -> Piece:
    if found.container == "parquet":
        weight = _bytes(found, stop - begin)
    else:
        weight = min(stop, found.size) - begin if found.container == "csv" else found.size
    return Piece(looks=(found,), start=begin, stop=stop, weight=max(1, weight), first=number)


def ids_by_block(found: Look) -> Iterator[tuple[pl.Series, Block]]:
    """The ids of each block of rows, whatever the container; the blocks of JSON files have no cells."""
    if found.container in TABLES:
        column = found.columns["conversation_id"]
        for block in frames(found, only="" if column == WHOLE_FILE else column):
            yield ids_of(block.frame, found), block
        return
    for rows, held, reader in record_rows(found):
        yield (
            rows["conversation_id"],
            Block(
                frame=pl.DataFrame(),
                numbers=rows["record"],
                held=held,
                suspects=reader.suspects,
                torn=reader.torn,
            ),
        )
