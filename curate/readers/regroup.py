"""A row per message, in any order and any number of files: put together in bounded memory.

The files' ids are read once. A file whose conversations each stand in one run of rows, under ids that no
other file of the same kind has, is cut into ranges of rows at the borders of conversations. Of the others
every piece takes its part of the ids, in the order in which they first appear, and reads those files again
for them: more reading, but no text and no id is ever written to a work folder. Either way conversations
come in the order of their first rows, so that the cut does not show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from curate.readers.row_messages import ROWS, canonical_rows, ids_of, rows_to_messages
from curate.readers.row_records import record_rows
from curate.readers.table_columns import WHOLE_FILE
from curate.readers.table_frames import Block, dialect_of, frames, row_bytes
from curate.readers.types import Batch, InputOptions, Look, Piece, Place, Unreadable
from curate.schema import QUARANTINE

TABLES = ("csv", "xlsx", "parquet")
PARTITION_SHARDS = 4
"""A partition is that many shards' worth of rows: every partition costs one more reading of its files."""
_WIDEST = 4
"""Bytes that a character takes at most."""
_INFLATED = {"": 1, "gz": 5, "zst": 5}
"""About how much bigger text is than its compressed file, to choose the number of partitions."""


def look(place: Place, options: InputOptions, head: bytes) -> Sequence[Look]:
    """Never called for a file: the file's own container looks. Raises Unreadable."""
    raise Unreadable("a table of messages is looked at by its own container")


def cut(looks: Sequence[Look], shard_bytes: int) -> Iterable[Piece]:
    """Pieces of the files that hold a row per message, in the order of `looks`.

    Files belong together where the same columns mean the same: an id that recurs among those is one
    conversation. Pieces with partitions stand where the first of their files would.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Look]] = defaultdict(list)
    for found in looks:
        groups[tuple(sorted(found.columns.items()))].append(found)
    pieces: list[tuple[int, int, Piece]] = []
    for group in groups.values():
        pieces += _cut_group(group, looks, shard_bytes)
    yield from (piece for _, _, piece in sorted(pieces, key=lambda one: one[:2]))


def _cut_group(group: list[Look], looks: Sequence[Look], shard_bytes: int) -> list[tuple[int, int, Piece]]:
    """(place of the first file, number, piece) of the files that belong together."""
    places = {id(found): place for place, found in enumerate(looks)}
    indexed = [_index(found, shard_bytes) for found in group]
    runs = pl.concat(
        pl.DataFrame({"run": hashes, "file": pl.repeat(at, hashes.len(), dtype=pl.UInt32, eager=True)})
        for at, (hashes, _) in enumerate(indexed)
    )
    apart = set(runs.filter(pl.col("run").is_duplicated())["file"].unique().to_list())
    too_big = [at for at, (_, pieces) in enumerate(indexed) if not pieces and at not in apart]
    found_pieces = [
        (places[id(group[at])], number, piece)
        for at, (_, pieces) in enumerate(indexed)
        if at not in apart and at not in too_big
        for number, piece in enumerate(pieces)
    ]
    for together in ([sorted(apart)] if apart else []) + [[at] for at in too_big]:
        ids = runs.filter(pl.col("file").is_in(together))["run"].n_unique()
        parts = _partitions([group[at] for at in together], shard_bytes, ids)
        found_pieces += [(places[id(group[together[0]])], part, piece) for part, piece in enumerate(parts)]
    return found_pieces


def _partitions(together: list[Look], shard_bytes: int, ids: int) -> list[Piece]:
    """Pieces of files whose rows lie apart: each takes its part of the `ids` ids out of all of them."""
    looks = tuple(replace(one, facts={**one.facts, "regroup": "partition"}) for one in together)
    total = sum(one.size * _INFLATED[one.compression] for one in looks)
    count = max(1, min(ids, -(-total // (PARTITION_SHARDS * shard_bytes))))
    return [
        Piece(looks=looks, start=part, stop=count, weight=max(1, total // count)) for part in range(count)
    ]


def _index(found: Look, shard_bytes: int) -> tuple[pl.Series, list[Piece]]:
    """A 64-bit hash of the id of every run of equal ids, and the pieces that cut between runs.

    No pieces where the file cannot be cut so and is too big for one piece.
    """
    runs: list[pl.Series] = []
    pieces: list[Piece] = []
    last: str | None = None
    begin, number = _origin(found)
    for ids, block in _ids(found):
        if not ids.len():
            continue
        starts = ids.ne_missing(ids.shift(1)).scatter(0, not runs or ids[0] != last)
        runs.append(ids.filter(starts & ids.is_not_null()).hash(seed=0))
        last = ids[-1]
        for row, at in _cuts(found, block, starts.arg_true(), begin, shard_bytes):
            pieces.append(_piece(found, begin, at, number))
            begin, number = at, int(block.numbers[row])
    stop = (1 << 62) if found.container == "csv" else int(found.facts.get("rows", 0))
    pieces.append(_piece(found, begin, stop, number))
    if (
        found.container not in ("csv", "parquet")
        and found.size * _INFLATED[found.compression] > 2 * shard_bytes
    ):
        pieces = []
    return (pl.concat(runs) if runs else pl.Series([], dtype=pl.UInt64)), pieces


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


def _ids(found: Look) -> Iterator[tuple[pl.Series, Block]]:
    """The ids of each block of rows, whatever the container; JSON files have no block to cut in."""
    if found.container in TABLES:
        column = found.columns["conversation_id"]
        for block in frames(found, only="" if column == WHOLE_FILE else column):
            yield ids_of(block.frame, found), block
        return
    nothing = Block(frame=pl.DataFrame(), numbers=pl.Series([], dtype=pl.UInt64), held=pl.DataFrame())
    for rows, _ in record_rows(found):
        yield rows["conversation_id"], nothing


def read(piece: Piece) -> Batch:
    """The conversations of a piece: a range of rows, or a partition of several files."""
    if piece.looks[0].facts.get("regroup") == "partition":
        rows, held = _partition(piece)
    else:
        rows, held = _range(piece)
    messages = rows_to_messages(rows, piece.limit)
    counted = messages.height + held.height
    return Batch(messages, held, counted, int((messages["turn"] == 0).sum()))


def _range(piece: Piece) -> tuple[pl.DataFrame, pl.DataFrame]:
    (found,) = piece.looks
    stop = piece.stop if found.container in ("csv", "parquet") else None
    return _gather(_rows(found, piece.start, stop, piece.first, None))


def _partition(piece: Piece) -> tuple[pl.DataFrame, pl.DataFrame]:
    part, count = piece.start, piece.stop

    mine = _part_of_ids(piece.looks, part, count) if count > 1 else None

    def chosen(ids: pl.Series) -> pl.Series:
        """Rows whose id falls into this partition; those without one fall into the first."""
        if mine is None:
            return pl.repeat(True, ids.len(), dtype=pl.Boolean, eager=True)
        mask = ids.is_in(mine.implode()).fill_null(value=False)
        return mask | ids.is_null() if part == 0 else mask

    def told_once() -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
        for found in piece.looks:
            for rows, wrong, unread in _rows(found, 0, None, None, chosen):
                yield rows, wrong, unread if part == 0 else unread.clear()

    return _gather(told_once())


def _part_of_ids(looks: Sequence[Look], part: int, count: int) -> pl.Series:
    """The ids of one partition, of those of all files in the order in which they first appear."""
    each = [ids.drop_nulls().unique(maintain_order=True) for found in looks for ids, _ in _ids(found)]
    known = pl.concat([pl.Series([], dtype=pl.String), *each]).unique(maintain_order=True)
    begin, end = (known.len() * bound // count for bound in (part, part + 1))
    return known.slice(begin, end - begin)


def _rows(
    found: Look,
    start: int,
    stop: int | None,
    first: int | None,
    chosen: Callable[[pl.Series], pl.Series] | None,
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """(ROWS, quarantined for what they say, quarantined because they cannot be read) block by block."""
    if found.container in TABLES:
        for block in frames(found, start, stop, first):
            rows, wrong = canonical_rows(block.frame, block.numbers, found, chosen)
            yield rows, wrong, block.held
        return
    for rows, held in record_rows(found):
        mine = rows if chosen is None else rows.filter(chosen(rows["conversation_id"]))
        yield mine, held.clear(), held


def _gather(
    parts: Iterable[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All rows and all of the quarantine, in file order."""
    rows: list[pl.DataFrame] = [pl.DataFrame(schema=ROWS)]
    held: list[pl.DataFrame] = [pl.DataFrame(schema=QUARANTINE)]
    for good, wrong, unread in parts:
        rows.append(good)
        held += [wrong, unread]
    return pl.concat(rows), pl.concat(held).sort("source", "record", nulls_last=True)
