"""What chance brings: deals that keep trees whole, and shifts that are named only beyond it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curate.diversity import apart, dealing
from curate.diversity.facts import Compared, Divergence

sys.path.insert(0, str(Path(__file__).parent))

from test_topics import bench

LEVEL = 0.05


def trees(
    random: np.random.Generator, count: int, moved: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kinds, sides and trees of conversations: a tree has one to nine branches, nearly all of one kind.

    `moved` of the first kind in the second side is of the second kind.
    """
    sizes = np.where(random.random(count) < 0.3, random.integers(2, 10, count), 1)
    kinds = random.choice(6, count, p=[0.3, 0.2, 0.2, 0.15, 0.1, 0.05])
    sides = (np.arange(count) % 2).astype(np.uint8)
    kinds[(sides == 1) & (kinds == 0) & (random.random(count) < moved)] = 1
    codes = np.repeat(kinds, sizes)
    other = random.random(len(codes)) < 0.05
    codes[other] = random.integers(0, 6, int(other.sum()))
    return codes, np.repeat(sides, sizes), np.repeat(np.arange(count), sizes)


def told(
    codes: np.ndarray, sides: np.ndarray, blocks: np.ndarray, deals: int = 199
) -> tuple[Divergence, tuple[Compared, ...]]:
    dealt = dealing.deal(sides, blocks, deals, seed=5)
    (far,) = apart.claimed([apart.divergence("topic", codes, sides, dealt)], LEVEL)
    slices = apart.beside("topic", [f"k{n}" for n in range(int(codes.max()) + 1)], codes, sides, dealt)
    return far, apart.claimed_slices(slices, {"topic"} if far.claimed else set(), LEVEL)


def test_a_deal_keeps_clusters_whole_and_both_sets_about_as_large_as_they_are() -> None:
    random = np.random.default_rng(1)
    _, sides, blocks = trees(random, 300)
    dealt = dealing.deal(sides, blocks, 50, seed=2)
    assert len(np.unique(dealt.clusters)) == 300
    for cluster in range(300):
        assert len(set(blocks[dealt.clusters == cluster])) == 1
    sizes = dealt.first @ np.bincount(dealt.clusters)
    assert abs(sizes - (sides == 0).sum()).max() <= 5
    assert len({row.tobytes() for row in dealt.first}) == 50
    every = dealing.tables(dealt, np.zeros(len(sides), np.int64), 1)
    assert (every.sum(1)[:, 0] == len(sides)).all()


def test_the_same_seed_deals_the_same() -> None:
    _, sides, blocks = trees(np.random.default_rng(1), 100)
    one, other = (dealing.deal(sides, blocks, 20, seed=3) for _ in range(2))
    assert (one.first == other.first).all()


def test_within_chance_nothing_is_named_in_95_of_100_comparisons_of_one_source() -> None:
    found = [told(*trees(np.random.default_rng(seed), 200)) for seed in range(200)]
    assert 0.01 <= np.mean([far.claimed for far, _ in found]) <= 0.09
    assert all(far.observed > far.chance for far, _ in found if far.claimed)
    assert not [one for far, slices in found for one in slices if one.claimed and not far.claimed]


def test_branches_dealt_one_by_one_would_raise_false_alarms() -> None:
    alone = []
    for seed in range(60):
        codes, sides, blocks = trees(np.random.default_rng(seed), 200)
        alone.append(told(codes, sides, np.arange(len(blocks)))[0].claimed)
    assert np.mean(alone) > 0.3


def test_a_shift_beyond_chance_is_named_with_its_slices() -> None:
    far, slices = told(*trees(np.random.default_rng(4), 900, moved=0.8), deals=999)
    assert far.claimed
    assert far.observed > far.chance > 0
    assert far.low > 0
    named = {one.name: one for one in slices if one.claimed}
    assert {"k0", "k1"} <= set(named)
    assert named["k0"].ratio and named["k0"].low > 1
    assert named["k1"].high and named["k1"].high < 1


def test_intervals_of_slices_are_wider_where_branches_go_together() -> None:
    codes, sides, blocks = trees(np.random.default_rng(6), 600)
    whole = {one.name: one for one in told(codes, sides, blocks)[1]}
    alone = {one.name: one for one in told(codes, sides, np.arange(len(blocks)))[1]}
    for name, one in whole.items():
        other = alone[name]
        assert one.ratio == pytest.approx(other.ratio)
        assert one.high and other.high and one.high - one.low > 1.2 * (other.high - other.low)


def test_divergence_is_none_of_equal_shares_and_one_bit_of_disjoint_ones() -> None:
    assert dealing.bits(np.array([[10.0, 20.0], [30.0, 60.0]]))[0] == pytest.approx(0)
    assert dealing.bits(np.array([[10.0, 0.0], [0.0, 60.0]]))[0] == pytest.approx(1)
    sides = np.repeat([0, 1], 100).astype(np.uint8)
    far, _ = told(np.repeat([0, 1], 100), sides, np.arange(200), deals=999)
    assert far.observed == 1
    assert far.bits > 0.95
    assert far.high <= 1
    assert far.p == pytest.approx(1 / 1000)


def test_halves_of_one_corpus_of_trees_are_not_told_apart() -> None:
    planted = bench.Planted(topics=4, conversations=300, branching=0.3)
    for seed in (1, 2, 3):
        made = bench.halves(planted, seed)
        assert not any(one.claimed for one in (*made.divergences, *made.slices))
        assert all(one.bits <= one.observed for one in made.divergences)


def test_branches_of_the_benchmark_share_question_and_tree() -> None:
    rows, labels, _ = bench.corpus(bench.Planted(topics=3, conversations=60, branching=0.5), 3)
    grown = rows.filter(pl.col("tree").is_not_null())
    assert rows["conversation_id"].n_unique() == len(labels) > 60
    asked = (
        grown.filter(pl.col("role").cast(pl.String) == "user")
        .group_by("tree")
        .agg(pl.col("text").n_unique(), pl.len())
    )
    assert asked["text"].max() == 1
    assert asked["len"].min() >= 2
