"""Shingles follow their definition; signatures are datasketch's, bit for bit."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.folding import composed_buffers, fold_table
from curate.kernels.minhash import band_keys, permutations, signatures
from curate.kernels.shingles import Evidence, shingle_sets
from tests.kernels.reference import Said, shingle_set

SAID = st.lists(st.tuples(st.integers(0, 3), st.text(max_size=30)), max_size=5)


def evidence_of(conversations: list[Said]) -> Evidence:
    texts = composed_buffers(pl.Series([text for said in conversations for _, text in said], dtype=pl.String))
    kinds = np.array([side for said in conversations for side, _ in said], np.uint8)
    return Evidence(*texts, kinds, np.cumsum([0, *map(len, conversations)]))


@settings(deadline=None)  # the first call compiles
@given(st.lists(SAID, max_size=6))
def test_shingle_sets_are_those_of_the_definition(conversations):
    hashes, first = shingle_sets(*evidence_of(conversations), fold_table())
    for place, said in enumerate(conversations):
        assert hashes[first[place] : first[place + 1]].tolist() == sorted(shingle_set(said))


@pytest.mark.parametrize("number", [16, 128, 200])
def test_permutations_are_those_of_the_scheme(number):
    theirs = MinHash(num_perm=number, scheme="affine32")
    assert np.array_equal(permutations(number), np.array(theirs.permutations))


@settings(max_examples=40, deadline=None)
@given(st.lists(SAID, min_size=1, max_size=4))
def test_signatures_are_those_of_datasketch(conversations):
    ours, _ = signatures(evidence_of(conversations), 128)
    for place, said in enumerate(conversations):
        theirs = MinHash(num_perm=128, scheme="affine32", hashfunc=lambda value: value & 0xFFFFFFFF)
        theirs.update_batch(shingle_set(said))
        assert np.array_equal(ours[place], theirs.hashvalues)


@pytest.mark.parametrize("length", [1, 4, 5, 6, 11, 12, 13, 20, 21])
def test_any_number_of_shingles_fills_the_blocks_right(length):
    said = [(1, "".join(random.Random(length).choices("abcdef ghij", k=length)).strip() or "x")]
    ours, _ = signatures(evidence_of([[], said, []]), 128)
    theirs = MinHash(num_perm=128, scheme="affine32", hashfunc=lambda value: value & 0xFFFFFFFF)
    theirs.update_batch(shingle_set(said))
    assert np.array_equal(ours[1], theirs.hashvalues)
    assert (ours[[0, 2]] == 0xFFFFFFFF).all()


def test_the_side_is_part_of_a_shingle_and_short_messages_are_their_own():
    sets = [shingle_set([(1, "thanks")]), shingle_set([(2, "thanks")]), shingle_set([(1, "ok")])]
    sets += [shingle_set([(1, "ok\0")]), shingle_set([(1, "o"), (1, "k")])]
    assert not any(one & two for place, one in enumerate(sets) for two in sets[:place])


def test_bands_meet_where_all_their_words_are_equal_and_nowhere_else():
    signature = np.arange(12, dtype=np.uint32).reshape(1, 12).repeat(3, axis=0)
    signature[1, 5] += 1
    signature[2] = 7  # equal words in all bands
    keys = band_keys(signature, 3, 4)
    assert (keys[0] == keys[1]).tolist() == [True, False, True]
    assert len(set(keys[2].tolist())) == 3
