"""Pairs: nearly all that there are, none that is not, the same on every cut."""

from __future__ import annotations

import random

import polars as pl
import pytest

import curate.dedup.pairs as pairs_module
from curate.passes.near_duplicates import NearDuplicates
from tests.dedup.corpora import edited, every_pair, near_copies, words
from tests.dedup.one_machine import chats, pairs_of, settled, shards_of


def by_place(pairs: pl.DataFrame) -> dict[tuple[int, int], float]:
    return {(a, b): jaccard for a, b, jaccard in pairs.iter_rows()}


@pytest.mark.parametrize(("limit", "families"), [(0.7, 30), (0.8, 40), (0.9, 70)])
def test_nearly_every_pair_is_found_and_none_is_invented(limit, families):
    conversations = near_copies(seed=int(limit * 10), families=families, copies=6)
    step = NearDuplicates(limit=limit)
    found = by_place(pairs_of(step, shards_of(chats(conversations), [])))
    true = every_pair(conversations, step.floor)
    assert found == {pair: true[pair] for pair in found}  # precision 1, and the Jaccard is the exact one
    due = {pair for pair, jaccard in true.items() if jaccard >= limit + 0.02}
    assert len(due) > 90
    assert len(due & set(found)) >= 0.99 * len(due)


def crowd(number: int) -> list:
    draw = random.Random(3)
    asked, answered = " ".join(words(draw, 60)), " ".join(words(draw, 80))
    return [
        [("user", edited(draw, asked, draw.choice([1, 2]))), ("assistant", f"{answered} {place}")]
        for place in range(number)
    ]


def test_a_crowd_of_copies_costs_few_comparisons_and_leaves_what_brute_force_leaves():
    conversations = crowd(100)
    frame = chats(conversations)
    assert pairs_of(NearDuplicates(), shards_of(frame, [])).height < 100 * 99 / 4
    assert 100 - len(settled(NearDuplicates(), frame)) <= 1 + count_kept_by_brute_force(conversations)


def count_kept_by_brute_force(conversations) -> int:
    true = every_pair(conversations, 0.8)
    length = {place: sum(len(text) for _, text in turns) for place, turns in enumerate(conversations)}
    kept: set[int] = set()
    for place in sorted(length, key=lambda place: (-length[place], place)):
        if not any((min(place, other), max(place, other)) in true for other in kept):
            kept.add(place)
    return len(kept)


def test_a_crowd_of_which_half_is_dead_still_finds_its_copies():
    frame = chats(crowd(300))
    dead = {f"{place:06d}" for place in random.Random(8).sample(range(300), 150)}
    assert 150 - len(settled(NearDuplicates(), frame, dead=dead)) <= 6


def test_a_crowd_whose_longest_are_dead_keeps_few_for_each():
    frame = chats(crowd(300))
    longest = frame.group_by("conversation_id").agg(size=pl.col("text").str.len_chars().sum())
    dead = set(longest.sort("size", "conversation_id", descending=True)["conversation_id"].head(20))
    assert 280 - len(settled(NearDuplicates(), frame, dead=dead)) <= 4 * 20


def test_a_crowd_too_large_for_memory_is_compared_in_parts(monkeypatch):
    frame = chats(crowd(400))
    whole = settled(NearDuplicates(), frame)
    monkeypatch.setattr(pairs_module, "SECTION", 15_000)
    parts = settled(NearDuplicates(), frame)
    assert abs(len(parts) - len(whole)) <= 8
    assert parts == settled(NearDuplicates(), frame, cuts=[50, 333], shuffled=True)


@pytest.mark.parametrize(("cuts", "partitions"), [((), 7), ((1,), 2), ((3, 100, 101, 250), 16)])
def test_any_cut_and_any_partitions_settle_the_same(cuts, partitions):
    frame = chats([*near_copies(seed=2, families=25, copies=8), *crowd(100)])
    whole = settled(NearDuplicates(), frame)
    assert len(whole) > 100
    assert settled(NearDuplicates(), frame, cuts, partitions, shuffled=True) == whole


def test_sections_do_not_change_the_pairs(monkeypatch):
    frame = chats(near_copies(seed=9, families=30, copies=5))
    whole = pairs_of(NearDuplicates(), shards_of(frame, []))
    monkeypatch.setattr(pairs_module, "SECTION", 4_000)
    assert pairs_of(NearDuplicates(), shards_of(frame, [])).equals(whole)


def test_ids_whose_texts_are_missing_are_an_error():
    step = NearDuplicates()
    [shard] = shards_of(
        chats([[("user", "Where is my parcel now?")], [("user", "Where is my parcel now")]]), []
    )
    rows = step.survey(shard).with_columns(id=pl.col("conversation").cast(pl.UInt64))
    messages = shard.with_columns(id=pl.col("conversation").cast(pl.UInt64))
    with pytest.raises(ValueError, match="texts of 1 conversations are missing"):
        step.pair(rows, lambda ids: messages.filter(pl.col("id") == 0))
