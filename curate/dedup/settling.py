"""Who stays: each removal is against a conversation that stays, never through a chain.

In order of preference (more characters, then lower id) each conversation stays unless one that stays already
is its duplicate: the first maximal independent set of the pairs in that order. Branches of one tree are
never each other's duplicates.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.kernels.jit import compiled

SETTLED = pl.Schema({"id": pl.UInt64, "duplicate_of": pl.UInt64, "jaccard": pl.Float64})
"""Columns of the answer: who goes, the id that stays, how alike they are."""


def settle_exact(conversations: pl.DataFrame, keep_all_below: int = 0) -> pl.DataFrame:
    """Who goes among conversations of equal content: all but the first alive, by id; Jaccard 1.

    Branches of the tree of that first one stay. Conversations of fewer characters than `keep_all_below` and
    those in which nothing is said (content 0) all stay.
    """
    first = pl.col("id").first().over("content", "content_check")
    tree = pl.col("tree").first().over("content", "content_check")
    return (
        _speaking(conversations)
        .sort("id")
        .with_columns(duplicate_of=first, first_tree=tree)
        .filter(pl.col("id") != pl.col("duplicate_of"))
        .filter((pl.col("tree") == 0) | (pl.col("tree") != pl.col("first_tree")))
        .filter(pl.col("characters") >= keep_all_below)
        .select("id", "duplicate_of", jaccard=pl.lit(1.0))
        .cast(SETTLED)
    )


def settle_near(
    pairs: pl.DataFrame, conversations: pl.DataFrame, limit: float, keep_all_below: int = 0
) -> pl.DataFrame:
    """Who goes by pairs at or above the limit, and by equal content.

    A pair speaks for all conversations with the content of its two. `conversations` and the columns of the
    answer are those of `GlobalPass.settle`; rows by id.
    """
    speaking = _speaking(conversations, alive=False).sort("id")
    speaking = speaking.with_columns(
        group=pl.struct("content", "content_check").rank("dense").cast(pl.Int64) - 1
    )
    groups = int(speaking["group"].max() or 0) + 1  # type: ignore[arg-type]
    first, other, alike = _neighbours(*_ends(pairs.filter(pl.col("jaccard") >= limit), speaking), groups)
    living = speaking.filter("alive").sort("characters", "id", descending=[True, False])
    may_go = (living["characters"] >= keep_all_below).to_numpy()
    rivals, winner, jaccard = _choose(
        living["group"].to_numpy(), living["tree"].to_numpy(), may_go, first, other, alike
    )
    ids = living["id"].to_numpy()
    gone = {"id": ids[rivals], "duplicate_of": ids[winner], "jaccard": jaccard}
    return pl.DataFrame(gone, schema=SETTLED).sort("id")


def with_partners(pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.Series:
    """Ids of the conversations that have a duplicate at all: their content is another's, or that of a pair.

    Settling among these alone decides the same as settling among all.
    """
    content = pl.struct("content", "content_check")
    ends = pl.concat([pairs["a"].alias("id"), pairs["b"].alias("id")]).unique()
    paired = conversations.filter(pl.col("id").is_in(ends.implode())).select("content", "content_check")
    shared = conversations.filter(content.is_duplicated()).select("content", "content_check")
    both = pl.concat([paired, shared]).unique()
    return conversations.join(both, on=["content", "content_check"], how="semi", maintain_order="left")["id"]


def _speaking(conversations: pl.DataFrame, alive: bool = True) -> pl.DataFrame:
    """The conversations in which something is said; of them those still alive."""
    said = (pl.col("content") != 0) | (pl.col("content_check") != 0)
    return conversations.filter(said & pl.col("alive") if alive else said)


def _ends(
    pairs: pl.DataFrame, speaking: pl.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The content groups of each pair's two, and its Jaccard; pairs of ids not in the table say nothing."""
    ids, groups = speaking["id"].to_numpy(), speaking["group"].to_numpy()
    if not len(ids):
        pairs = pairs.clear()
    ends = [pairs[side].to_numpy() for side in ("a", "b")]
    places = [np.minimum(np.searchsorted(ids, end), max(len(ids) - 1, 0)) for end in ends]
    known = np.ones(pairs.height, np.bool_)
    for end, place in zip(ends, places, strict=True):
        known &= ids[place] == end
    one, two = (groups[place[known]] for place in places)
    return one, two, pairs["jaccard"].to_numpy()[known]


@compiled
def _neighbours(
    one: NDArray[np.int64], two: NDArray[np.int64], jaccard: NDArray[np.float64], groups: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The pairs by group, both ways: group g has the places `first[g]:first[g + 1]` of the other arrays."""
    first = np.zeros(groups + 2, np.int64)
    for pair in range(len(one)):
        first[one[pair] + 2] += 1
        first[two[pair] + 2] += 1
    first = np.cumsum(first)
    other, alike = np.empty(2 * len(one), np.int64), np.empty(2 * len(one), np.float64)
    for pair in range(len(one)):
        for left, right in ((one[pair], two[pair]), (two[pair], one[pair])):
            other[first[left + 1]], alike[first[left + 1]] = right, jaccard[pair]
            first[left + 1] += 1
    return first[:-1].copy(), other, alike


@compiled
def _apart(tree: NDArray[np.uint64], place: int, other_tree: np.uint64) -> bool:
    """Whether a place and something of another tree are no branches of the same one."""
    return bool(tree[place] == 0 or tree[place] != other_tree)


@compiled
def _rival(
    keeper: NDArray[np.int64],
    second: NDArray[np.int64],
    tree: NDArray[np.uint64],
    group: int,
    own_tree: np.uint64,
) -> int:
    """The first of a group that stays and against which one of `own_tree` may go; -1 for none."""
    if keeper[group] >= 0 and _apart(tree, keeper[group], own_tree):
        return keeper[group]  # type: ignore[no-any-return]
    return second[group]  # type: ignore[no-any-return]


@compiled
def _choose(
    group: NDArray[np.int64],
    tree: NDArray[np.uint64],
    may_go: NDArray[np.bool_],
    first: NDArray[np.int64],
    other: NDArray[np.int64],
    jaccard: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Places that go, places that stay in their stead, and how alike; places are in order of preference.

    Of a group two that stay are enough to know: the first, and the first that is no branch of its tree.
    """
    keeper = np.full(len(first) - 1, -1, np.int64)
    second = np.full(len(first) - 1, -1, np.int64)
    goes, stays = np.empty(len(group), np.int64), np.empty(len(group), np.int64)
    alike = np.empty(len(group), np.float64)
    gone = 0
    for place in range(len(group)):
        mine, best, best_jaccard = group[place], -1, 0.0
        if may_go[place]:
            best = _rival(keeper, second, tree, mine, tree[place])
            best_jaccard = 1.0 if best >= 0 else 0.0
            if best < 0:
                for edge in range(first[mine], first[mine + 1]):
                    rival = _rival(keeper, second, tree, other[edge], tree[place])
                    nearer = jaccard[edge] > best_jaccard
                    if rival >= 0 and (nearer or (jaccard[edge] == best_jaccard and rival < best)):
                        best, best_jaccard = rival, jaccard[edge]
        if best >= 0:
            goes[gone], stays[gone], alike[gone] = place, best, best_jaccard
            gone += 1
        elif keeper[mine] < 0:
            keeper[mine] = place
        elif second[mine] < 0 and _apart(tree, keeper[mine], tree[place]):
            second[mine] = place
    return goes[:gone].copy(), stays[:gone].copy(), alike[:gone].copy()
