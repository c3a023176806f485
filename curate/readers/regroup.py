"""A row per message, in any order and any number of files: put together in bounded memory.

The files' ids are read once. A file whose conversations each stand in one run of rows, under ids that no
other file of the same kind has, is cut into ranges of rows at the borders of conversations. Of the others
every piece takes its part of the ids, in the order in which they first appear, and reads those files again
for them: more reading, but no text and no id is ever written to a work folder. Either way conversations
come in the order of their first rows, so that the cut does not show. A conversation of which a row cannot
be read goes to quarantine whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from curate.readers.broken_rows import resolve, without_broken
from curate.readers.row_index import INFLATED, TABLES, Index, ids_by_block, index
from curate.readers.row_messages import ROWS, canonical_rows, rows_to_messages
from curate.readers.row_records import record_rows
from curate.readers.table_columns import WHOLE_FILE
from curate.readers.table_frames import frames
from curate.readers.types import Batch, InputOptions, Look, Piece, Place, Unreadable
from curate.schema import QUARANTINE

PARTITION_SHARDS = 4
"""A partition is that many shards' worth of rows: every partition costs one more reading of its files."""


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
    indexed = [index(found, shard_bytes) for found in group]
    runs = pl.concat(
        pl.DataFrame({"run": one.runs, "file": pl.repeat(at, one.runs.len(), dtype=pl.UInt32, eager=True)})
        for at, one in enumerate(indexed)
    )
    broken = resolve([ids for one in indexed for ids in one.alternatives], runs["run"])
    apart = set(runs.filter(pl.col("run").is_duplicated())["file"].unique().to_list())
    too_big = [at for at, one in enumerate(indexed) if not one.pieces and at not in apart]
    found_pieces = [
        (places[id(group[at])], number, piece)
        for at, one in enumerate(indexed)
        if at not in apart and at not in too_big
        for number, piece in enumerate(_told_of_broken(one, broken))
    ]
    for together in ([sorted(apart)] if apart else []) + [[at] for at in too_big]:
        ids = runs.filter(pl.col("file").is_in(together))["run"].n_unique()
        parts = _partitions([group[at] for at in together], shard_bytes, ids, broken)
        found_pieces += [(places[id(group[together[0]])], part, piece) for part, piece in enumerate(parts)]
    return found_pieces


def _told_of_broken(indexed: Index, broken: list[str]) -> Iterator[Piece]:
    """The pieces, each with those broken conversations that are its own."""
    hashes = pl.Series(broken, dtype=pl.String).hash(seed=0)
    start = 0
    for piece, stop in zip(indexed.pieces, indexed.bounds, strict=True):
        mine = hashes.is_in(indexed.runs.slice(start, stop - start).implode())
        yield replace(piece, broken=tuple(id for id, own in zip(broken, mine, strict=True) if own))
        start = stop


def _partitions(together: list[Look], shard_bytes: int, ids: int, broken: list[str]) -> list[Piece]:
    """Pieces of files whose rows lie apart: each takes its part of the `ids` ids out of all of them."""
    looks = tuple(replace(one, facts={**one.facts, "regroup": "partition"}) for one in together)
    total = sum(one.size * INFLATED[one.compression] for one in looks)
    count = max(1, min(ids, -(-total // (PARTITION_SHARDS * shard_bytes))))
    return [
        Piece(looks=looks, start=part, stop=count, weight=max(1, total // count), broken=tuple(broken))
        for part in range(count)
    ]


def read(piece: Piece) -> Batch:
    """The conversations of a piece: a range of rows, or a partition of several files."""
    if piece.looks[0].facts.get("regroup") == "partition":
        parts = _partition(piece)
    else:
        (found,) = piece.looks
        stop = piece.stop if found.container in ("csv", "parquet") else None
        parts = _rows(found, piece.start, stop, piece.first, None)
    rows, held = _gather(parts, piece.broken)
    messages = rows_to_messages(rows, piece.limit)
    counted = messages.height + held.height
    return Batch(messages, held, counted, int((messages["turn"] == 0).sum()))


Part = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, list[str]]
"""ROWS, what is quarantined for what it says, what because it cannot be read, ids of broken conversations."""


def _partition(piece: Piece) -> Iterator[Part]:
    part, count = piece.start, piece.stop

    mine = _part_of_ids(piece.looks, part, count) if count > 1 else None

    def chosen(ids: pl.Series) -> pl.Series:
        """Rows whose id falls into this partition; those without one fall into the first."""
        if mine is None:
            return pl.repeat(True, ids.len(), dtype=pl.Boolean, eager=True)
        mask = ids.is_in(mine.implode()).fill_null(value=False)
        return mask | ids.is_null() if part == 0 else mask

    for found in piece.looks:
        for rows, wrong, unread, broken in _rows(found, 0, None, None, chosen):
            yield rows, wrong, unread if part == 0 else unread.clear(), broken


def _part_of_ids(looks: Sequence[Look], part: int, count: int) -> pl.Series:
    """The ids of one partition, of those of all files in the order in which they first appear."""
    each = [ids.drop_nulls().unique(maintain_order=True) for found in looks for ids, _ in ids_by_block(found)]
    known = pl.concat([pl.Series([], dtype=pl.String), *each]).unique(maintain_order=True)
    begin, end = (known.len() * bound // count for bound in (part, part + 1))
    return known.slice(begin, end - begin)


def _rows(
    found: Look,
    start: int,
    stop: int | None,
    first: int | None,
    chosen: Callable[[pl.Series], pl.Series] | None,
) -> Iterator[Part]:
    """The rows of a file block by block."""
    if found.container in TABLES:
        for block in frames(found, start, stop, first):
            rows, wrong, broken = canonical_rows(block.frame, block.numbers, found, chosen)
            yield rows, wrong, block.held, [WHOLE_FILE] if _is_whole(found) and block.held.height else broken
        return
    for rows, held, _reader in record_rows(found):
        mine = rows if chosen is None else rows.filter(chosen(rows["conversation_id"]))
        yield mine, held.clear(), held, [WHOLE_FILE] if _is_whole(found) and held.height else []


def _is_whole(found: Look) -> bool:
    return found.columns.get("conversation_id") == WHOLE_FILE


def _gather(parts: Iterable[Part], broken: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All rows of whole conversations and all of the quarantine, in file order."""
    rows: list[pl.DataFrame] = [pl.DataFrame(schema=ROWS)]
    held: list[pl.DataFrame] = [pl.DataFrame(schema=QUARANTINE)]
    ids = list(broken)
    for good, wrong, unread, more in parts:
        rows.append(good)
        held += [wrong, unread]
        ids += more
    whole, others = without_broken(pl.concat(rows), ids)
    return whole, pl.concat([*held, others]).sort("source", "record", nulls_last=True)
