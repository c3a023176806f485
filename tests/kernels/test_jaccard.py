"""The exact Jaccard of two conversations is the least of their sides'."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.folding import fold_table
from curate.kernels.jaccard import side_jaccard
from curate.kernels.shingles import shingle_sets
from tests.kernels.reference import jaccard
from tests.kernels.test_minhash import evidence_of

SAID = st.lists(st.tuples(st.integers(1, 3), st.text(alphabet="abc ", max_size=12)), max_size=4)


def measured(one, two, floor=0.0):
    hashes, first = shingle_sets(*evidence_of([one, two]), fold_table())
    return side_jaccard(hashes, first[0], first[1], first[1], first[2], floor)


@settings(deadline=None)  # the first call compiles
@given(SAID, SAID)
def test_it_is_the_least_of_the_sides(one, two):
    assert measured(one, two) == jaccard(one, two)
    assert measured(two, one) == measured(one, two)


@settings(deadline=None)  # the first call compiles
@given(SAID, SAID, st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_below_the_floor_it_is_nothing(one, two, floor):
    exact = jaccard(one, two)
    assert measured(one, two, floor) == (exact if exact >= floor else 0.0)


@pytest.mark.parametrize(
    ("one", "two", "expected", "why"),
    [
        ([(1, "hello")], [(1, "hello"), (2, "yes")], 0.0, "a side that one lacks"),
        ([(1, "hello")], [(1, "HELLO ")], 1.0, "the same, folded"),
        ([], [], 0.0, "nothing said is no evidence"),
        ([(1, "hello"), (2, "abcdef")], [(1, "hello"), (2, "abcdeg")], 1 / 3, "the least side counts"),
        ([(1, "hello")], [(2, "hello")], 0.0, "sides do not meet"),
    ],
)
def test_cases(one, two, expected, why):
    assert measured(one, two) == expected, why
