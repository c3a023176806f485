"""From the keys of a partition to verified pairs of conversations.

Conversations of equal content stand for each other: only the first of them (by id) is compared. Within a
bucket (the conversations that share a key) all are compared, except in a crowded one: there each is compared
with leaders, so that 50,000 copies of a template cost 50,000 comparisons and not a billion. What that leaves
out is little: two conversations at the limit mostly share keys beyond their template's, in buckets of a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.dedup.evidence import gather_evidence
from curate.kernels.folding import fold_table
from curate.kernels.jaccard import crowd_hubs, hub_pairs, leader_pairs, pairs_within, verify_pairs
from curate.kernels.shingles import ShingleSets, shingle_sets
from curate.passes.base import Texts
from curate.schema import ROLE

PAIRS = pl.Schema({"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64})
"""Columns of a table of pairs: ids a < b and the least Jaccard of their sides."""
CROWD = 64
"""A bucket of more distinct conversations than this is crowded."""
SECTION = 12_000_000
"""Characters of the conversations whose shingles are held in memory at once, about: 10 bytes each."""
_HALF, _LOW = 32, 2**32 - 1  # two places of a section stand in the halves of one number
_HEADS = 8  # members of a crowd too large for one section that lead each of its parts

Compared = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def verified_pairs(rows: pl.DataFrame, texts: Texts, floor: float, limit: float) -> pl.DataFrame:
    """The pairs (columns of `PAIRS`, sorted) among rows of one partition, at or above the floor.

    `rows` has `id`, `key`, `content` (UInt64) and `characters`; `texts` gives the messages of ids, with the
    columns id, turn, role, text and parts. `limit` only tells which members of a crowded bucket match.
    Raises ValueError where `texts` does not know an id.
    """
    found = [PAIRS.to_frame(eager=True)]
    for section in _sections(_cut_crowds(_buckets(rows))):
        ids, sets = _sets(section["id"], texts)
        found.append(_as_pairs(ids, _compare_section(section, ids, sets, floor, limit)))
    several = len(found) > 2  # a section's pairs are sorted and stand once
    return pl.concat(found).unique(["a", "b"]).sort("a", "b") if several else found[-1]


def _buckets(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per key and content, of keys that two contents share; by key, then as they would be kept."""
    return (
        rows.select("id", "key", "content", "characters")
        .filter(pl.col("key").is_duplicated())
        .group_by("key", "content")
        .agg(pl.col("id").min(), pl.col("characters").first())
        .with_columns(size=pl.len().over("key"))
        .filter(pl.col("size") > 1)
        .sort("key", "characters", "id", descending=[False, True, False])
    )


def _cut_crowds(places: pl.DataFrame) -> pl.DataFrame:
    """The buckets numbered; one too large for a section becomes several, each behind the same heads."""
    places = places.with_columns(rank=pl.int_range(pl.len()).over("key"))
    weighed = pl.col("characters").cast(pl.Int64).cum_sum().over("key")
    places = places.with_columns(part=(weighed - pl.col("characters").cast(pl.Int64)) // SECTION)
    later = places.filter(pl.col("part") > 0).select("key", "part").unique()
    heads = places.filter(pl.col("rank") < _HEADS).drop("part").join(later, on="key")
    whole = pl.concat([places, heads.select(places.columns)]).sort("key", "part", "rank")
    return whole.with_columns(bucket=pl.struct("key", "part").rle_id())


def _sections(places: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Whole buckets, as many as fit a section.

    Buckets with the same first conversation stand together: mostly they hold the same ones, whose texts are
    then read once.
    """
    if places.is_empty():
        return
    near = places.with_columns(near=pl.col("id").min().over("bucket")).sort("near", "bucket", "rank")
    new = pl.when(pl.col("id").is_first_distinct()).then(pl.col("characters")).otherwise(0)
    near = near.with_columns(bucket=pl.col("bucket").rle_id(), seen=new.cast(pl.Int64).cum_sum())
    section = (pl.col("seen").first().over("bucket") - pl.col("characters").first().over("bucket")) // SECTION
    yield from near.with_columns(section=section).partition_by("section", maintain_order=True)


def _sets(ids: pl.Series, texts: Texts) -> tuple[NDArray[np.uint64], ShingleSets]:
    """The ids, ascending, and the shingle sets of their conversations."""
    wanted = ids.unique().sort()
    messages = texts(wanted).with_columns(pl.col("role").cast(ROLE))
    missing = len(wanted) - messages["id"].n_unique()
    if missing:
        raise ValueError(f"texts of {missing} conversations are missing")
    numbers = wanted.search_sorted(messages["id"]).to_numpy().astype(np.int64)
    evidence = gather_evidence(messages, numbers, len(wanted))
    return wanted.to_numpy(), ShingleSets(*shingle_sets(*evidence, fold_table()))


def _compare_section(
    section: pl.DataFrame, ids: NDArray[np.uint64], sets: ShingleSets, floor: float, limit: float
) -> Iterator[Compared]:
    """What the buckets of a section give: places of two conversations in `ids`, and their Jaccard."""
    place = np.searchsorted(ids, section["id"].to_numpy())
    sizes = np.diff(np.flatnonzero(np.diff(_numbers(section["bucket"]), prepend=-1, append=-1)))
    crowded = sizes > CROWD
    rows_crowded = np.repeat(crowded, sizes)
    in_small, in_crowds = place[~rows_crowded], place[rows_crowded]
    small, crowds = _bounds(sizes[~crowded]), _bounds(sizes[crowded])
    hubs = hub_pairs(crowds, crowd_hubs(crowds, section["content"].to_numpy()[rows_crowded]))
    within = pairs_within(small)
    ones, twos = (np.append(in_small[within[side]], in_crowds[hubs[side]]) for side in (0, 1))
    yield _compare_once(ones, twos, sets, floor)
    for start, stop in pairwise(crowds):
        yield leader_pairs(*sets, in_crowds[start:stop], floor, limit)


def _numbers(buckets: pl.Series) -> NDArray[np.int64]:
    return buckets.to_numpy().astype(np.int64)


def _bounds(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(0, np.cumsum(sizes, dtype=np.int64))


def _compare_once(
    ones: NDArray[np.int64], twos: NDArray[np.int64], sets: ShingleSets, floor: float
) -> Compared:
    """The pairs with their Jaccard; one that shares several keys is compared once."""
    codes = np.sort(_codes(ones, twos))
    codes = codes[np.diff(codes, prepend=-1) > 0]
    lower, higher = codes >> _HALF, codes & _LOW
    return lower, higher, verify_pairs(*sets, lower, higher, floor)


def _codes(ones: NDArray[np.int64], twos: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number a pair of places, the lower place first."""
    return (np.minimum(ones, twos) << _HALF) | np.maximum(ones, twos)


def _as_pairs(ids: NDArray[np.uint64], compared: Iterator[Compared]) -> pl.DataFrame:
    """The pairs that reached the floor, lower id first, sorted, each once."""
    reached = [(_codes(ones, twos)[found > 0.0], found[found > 0.0]) for ones, twos, found in compared]
    codes, jaccard = (np.concatenate([part[side] for part in reached]) for side in (0, 1))
    order = np.argsort(codes, kind="stable")
    order = order[np.diff(codes[order], prepend=-1) > 0]
    lower, higher = ids[codes[order] >> _HALF], ids[codes[order] & _LOW]
    return pl.DataFrame({"a": lower, "b": higher, "jaccard": jaccard[order]}, schema=PAIRS)
