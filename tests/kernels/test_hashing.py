"""Hashes are XXH64, checked against the reference library, and tell nulls and columns apart."""

from __future__ import annotations

import polars as pl
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.hashing import hash_columns, hash_texts


def test_every_length_around_the_blocks_of_the_algorithm_is_hashed_as_the_reference_does():
    texts = ["é" * (length // 2) + "x" * (length % 2) for length in range(100)]
    assert hash_texts(pl.Series(texts)).to_list() == [xxhash.xxh64_intdigest(text.encode()) for text in texts]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text(), max_size=20), st.integers(0, 2**64 - 1))
def test_texts_are_hashed_as_the_reference_does(texts, seed):
    series = pl.Series(texts, dtype=pl.String)
    assert hash_texts(series, seed).to_list() == [
        xxhash.xxh64_intdigest(text.encode(), seed) for text in texts
    ]


def test_a_null_has_a_hash_of_its_own():
    null, empty, word = hash_texts(pl.Series([None, "", "null"])).to_list()
    assert len({null, empty, word}) == 3


def test_slices_and_chunks_hash_as_the_whole_does():
    whole = pl.Series(["one", None, "deux", "", "三"])
    hashes = hash_texts(whole).to_list()
    assert hash_texts(whole.slice(2, 2)).to_list() == hashes[2:4]
    assert hash_texts(pl.concat([whole[:1], whole[1:]], rechunk=False)).to_list() == hashes


ROWS = pl.DataFrame(
    {
        "text": ["a", "a", "b", None, "", "ab"],
        "count": [1, 2, 1, None, 0, 1],
        "score": [0.5, 0.5, 0.25, None, 0.0, 1.0],
        "yes": [True, False, True, None, False, True],
        "role": pl.Series(["user", "tool", "user", None, "tool", "user"], dtype=pl.Enum(["user", "tool"])),
        "big": pl.Series([2**64 - 1, 0, 1, None, 5, 6], dtype=pl.UInt64),
    }
)


@pytest.mark.parametrize("column", ROWS.columns)
def test_rows_hash_alike_exactly_where_a_column_is_alike(column):
    hashes = hash_columns(ROWS, [column]).tolist()
    values = ROWS[column].to_list()
    for one in range(len(values)):
        for two in range(len(values)):
            assert (hashes[one] == hashes[two]) == (values[one] == values[two])


def test_the_order_and_the_borders_of_columns_count():
    frame = pl.DataFrame({"a": ["ab", "a"], "b": ["c", "bc"]})
    assert len(set(hash_columns(frame, ["a", "b"]).tolist())) == 2
    assert hash_columns(frame, ["a", "b"]).tolist() != hash_columns(frame, ["b", "a"]).tolist()
    assert hash_columns(frame, ["a"]).tolist() != hash_columns(frame, ["a"], seed=1).tolist()


def test_a_column_that_cannot_be_hashed_is_named():
    with pytest.raises(TypeError, match="'many' of type List"):
        hash_columns(pl.DataFrame({"many": [[1]]}), ["many"])
