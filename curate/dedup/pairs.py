"""From the keys of a partition to verified pairs of conversations.

Conversations of equal content stand for each other: only the first of them (by id) is compared. Within a
bucket (the conversations that share a key) all are compared, except in a crowded one: there each is compared
with leaders, so that 50,000 copies of a template cost 50,000 comparisons and not a billion. What that leaves
out is little: two conversations at the limit mostly share keys beyond their template's, in buckets of a few.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.dedup.evidence import gather_evidence
from curate.kernels.folding import fold_table
from curate.kernels.jaccard import LEADERS, QUOTA, SPARES, lead_crowd, pairs_within, verify_pairs
from curate.kernels.shingles import ShingleSets, shingle_sets
from curate.passes.base import Texts
from curate.schema import ROLE

PAIRS = pl.Schema({"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64})
"""Columns of a table of pairs: ids a < b and the least Jaccard of their sides."""
CROWD = 64
"""A bucket of more distinct conversations than this is crowded."""
SECTION = 100_000
"""Places in buckets that are held in memory at once."""
_HEADS = 8  # members of a crowd too large for one section that lead each of its sections


def verified_pairs(rows: pl.DataFrame, texts: Texts, floor: float, limit: float) -> pl.DataFrame:
    """The pairs (columns of `PAIRS`, sorted) among rows of one partition, at or above the floor.

    `rows` has `id`, `key`, `content` (UInt64) and `characters`; `texts` gives the messages of ids, with the
    columns id, turn, role, text and parts. `limit` only tells which members of a crowded bucket match.
    """
    found = [PAIRS.to_frame(eager=True)]
    places = _buckets(rows)
    for small in _sections(places.filter(pl.col("size") <= CROWD)):
        found.append(_all_pairs(small, texts, floor))
    for crowd in places.filter(pl.col("size") > CROWD).partition_by("key", maintain_order=True):
        for section in _crowd_sections(crowd):
            found.append(_led_pairs(section, texts, floor, limit))
    return pl.concat(found).unique(["a", "b"]).sort("a", "b")


def _buckets(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per key and content, of keys that two contents share; by key, then as they would be kept."""
    alone = ~pl.col("key").is_duplicated()
    return (
        rows.select("id", "key", "content", "characters")
        .filter(~alone)
        .group_by("key", "content")
        .agg(pl.col("id").min(), pl.col("characters").first())
        .with_columns(size=pl.len().over("key"))
        .filter(pl.col("size") > 1)
        .sort("key", "characters", "id", descending=[False, True, False])
    )


def _sections(places: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Whole buckets, as many as fit a section; buckets of near ids together, for their texts lie together."""
    if places.is_empty():
        return
    near = places.with_columns(near=pl.col("id").min().over("key")).sort("near", "key", maintain_order=True)
    starts = np.flatnonzero(near["key"].rle_id().diff().fill_null(1).to_numpy())
    number = np.repeat(starts // SECTION, np.diff(np.append(starts, near.height)))
    yield from near.with_columns(section=pl.Series(number)).partition_by("section", maintain_order=True)


def _crowd_sections(crowd: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The crowd itself, or, where it is too large, parts of it, each behind the same first members."""
    yield crowd.head(SECTION)
    for start in range(SECTION, crowd.height, SECTION):
        yield pl.concat([crowd.head(_HEADS), crowd.slice(start, SECTION)])


def _all_pairs(section: pl.DataFrame, texts: Texts, floor: float) -> pl.DataFrame:
    """The verified pairs of whole buckets."""
    ids, sets = _sets(section["id"], texts)
    keys = section["key"].rle_id().to_numpy()
    bounds = np.searchsorted(keys, np.arange(int(keys[-1]) + 2))
    place = np.searchsorted(ids, section["id"].to_numpy())
    ones, twos = (place[side] for side in pairs_within(bounds.astype(np.int64)))
    lower, higher = np.minimum(ones, twos), np.maximum(ones, twos)
    met = np.unique(lower * len(ids) + higher)  # a pair that shares several keys is compared once
    lower, higher = met // len(ids), met % len(ids)
    return _as_pairs(ids, lower, higher, verify_pairs(*sets, lower, higher, floor))


def _led_pairs(crowd: pl.DataFrame, texts: Texts, floor: float, limit: float) -> pl.DataFrame:
    """The verified pairs of a crowded bucket with its leaders and spares."""
    ids, sets = _sets(crowd["id"], texts)
    place = np.searchsorted(ids, crowd["id"].to_numpy())
    # Spares are drawn by content and key: other ones in each band, the same ones however the run is cut.
    drawn = (crowd["content"] ^ crowd["key"]).arg_sort().head(SPARES).to_numpy()
    found = lead_crowd(*sets, place, place[drawn], floor, limit, LEADERS, QUOTA)
    return _as_pairs(ids, *found)


def _sets(ids: pl.Series, texts: Texts) -> tuple[NDArray[np.uint64], ShingleSets]:
    """The ids, ascending, and the shingle sets of their conversations."""
    wanted = ids.unique().sort()
    messages = texts(wanted).with_columns(pl.col("role").cast(ROLE))
    numbers = wanted.search_sorted(messages["id"]).to_numpy().astype(np.int64)
    if messages["id"].n_unique() != len(wanted):
        raise ValueError(f"texts of {len(wanted) - messages['id'].n_unique()} conversations are missing")
    evidence = gather_evidence(messages, numbers, len(wanted))
    return wanted.to_numpy(), ShingleSets(*shingle_sets(*evidence, fold_table()))


def _as_pairs(
    ids: NDArray[np.uint64], ones: NDArray[np.int64], twos: NDArray[np.int64], jaccard: NDArray[np.float64]
) -> pl.DataFrame:
    """The pairs that reached the floor, lower id first, each once."""
    reached = jaccard > 0.0
    lower, higher = np.minimum(ones, twos)[reached], np.maximum(ones, twos)[reached]
    frame = pl.DataFrame({"a": ids[lower], "b": ids[higher], "jaccard": jaccard[reached]}, schema=PAIRS)
    return frame.unique(["a", "b"])
