"""Stable 64-bit hashes of texts and rows: XXH64 of the bytes, the same on every machine and version.

XXH64: Yann Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md; numbers are little-endian.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.kernels.buffers import text_buffers
from curate.kernels.jit import compiled

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)
_NULL_SEED = 0x6C6C756E  # "null": an absent value is XXH64 of no bytes under this seed


@compiled
def _turn_left(word: np.uint64, by: int) -> np.uint64:
    return (word << np.uint64(by)) | (word >> np.uint64(64 - by))


@compiled
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _turn_left(lane + word * _P2, 31) * _P1


@compiled
def _merge(state: np.uint64, lane: np.uint64) -> np.uint64:
    return (state ^ _round(np.uint64(0), lane)) * _P1 + _P4


@compiled
def _word64(data: NDArray[np.uint8], at: int) -> np.uint64:
    word = np.uint64(0)
    for place in range(8):
        word |= np.uint64(data[at + place]) << np.uint64(8 * place)
    return word


@compiled
def finish(state: np.uint64) -> np.uint64:
    """The last step of XXH64: every bit of the state reaches every bit of the answer."""
    state = (state ^ (state >> np.uint64(33))) * _P2
    state = (state ^ (state >> np.uint64(29))) * _P3
    return state ^ (state >> np.uint64(32))


@compiled
def xxh64(data: NDArray[np.uint8], start: int, stop: int, seed: np.uint64) -> np.uint64:
    """XXH64 of `data[start:stop]`."""
    at = start
    if stop - start >= 32:
        one, two = seed + _P1 + _P2, seed + _P2
        three, four = seed + np.uint64(0), seed - _P1
        while at + 32 <= stop:
            one = _round(one, _word64(data, at))
            two = _round(two, _word64(data, at + 8))
            three = _round(three, _word64(data, at + 16))
            four = _round(four, _word64(data, at + 24))
            at += 32
        state = _turn_left(one, 1) + _turn_left(two, 7) + _turn_left(three, 12) + _turn_left(four, 18)
        state = _merge(_merge(_merge(_merge(state, one), two), three), four)
    else:
        state = seed + _P5
    state += np.uint64(stop - start)
    while at + 8 <= stop:
        state = _turn_left(state ^ _round(np.uint64(0), _word64(data, at)), 27) * _P1 + _P4
        at += 8
    if at + 4 <= stop:
        word = np.uint64(0)
        for place in range(4):
            word |= np.uint64(data[at + place]) << np.uint64(8 * place)
        state = _turn_left(state ^ (word * _P1), 23) * _P2 + _P3
        at += 4
    while at < stop:
        state = _turn_left(state ^ (np.uint64(data[at]) * _P5), 11) * _P1
        at += 1
    return finish(state)


@compiled
def chain(state: np.uint64, word: np.uint64) -> np.uint64:
    """The state after one more 64-bit word; the order of words counts."""
    return finish(_turn_left(state ^ _round(np.uint64(0), word), 27) * _P1 + _P4)


@compiled
def _hash_spans(
    data: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64], seed: np.uint64
) -> NDArray[np.uint64]:
    found = np.empty(len(starts), np.uint64)
    for row in range(len(starts)):
        found[row] = xxh64(data, starts[row], stops[row], seed)
    return found


@compiled
def _chain_columns(state: NDArray[np.uint64], words: NDArray[np.uint64]) -> None:
    for row in range(len(state)):
        state[row] = chain(state[row], words[row])


def hash_texts(texts: pl.Series, seed: int = 0) -> pl.Series:
    """XXH64 of the UTF-8 bytes of each text, UInt64; a null has a hash of its own.

    >>> hash_texts(pl.Series(["xxhash", ""])).to_list()
    [3665147885093898016, 17241709254077376921]
    >>> hash_texts(pl.Series([None], dtype=pl.String)).to_list() != hash_texts(pl.Series([""])).to_list()
    True
    """
    found = _hash_spans(*text_buffers(texts), np.uint64(seed))
    if texts.null_count():
        found[texts.is_null().to_numpy()] = _hash_of_null(seed)
    return pl.Series(texts.name, found, dtype=pl.UInt64)


def hash_columns(frame: pl.DataFrame, columns: Sequence[str], seed: int = 0) -> NDArray[np.uint64]:
    """One hash per row over the columns, in the order given (order, nulls and every bit count).

    Texts and categories go by their UTF-8 bytes; numbers, Booleans, dates and durations by their 64 bits;
    floats by theirs (so 0.0 and -0.0 differ). Raises TypeError for another type, naming the column.

    >>> rows = pl.DataFrame({"a": ["x", "x", None], "b": [1, 2, 1]})
    >>> len(set(hash_columns(rows, ["a", "b"]).tolist()))
    3
    """
    state = np.full(frame.height, np.uint64(seed) ^ np.uint64(len(columns)), np.uint64)
    for name in columns:
        _chain_columns(state, _words(frame[name], seed))
    return state


def _words(column: pl.Series, seed: int) -> NDArray[np.uint64]:
    """One word a row: the hash of a text, the bits of a number, hashed so that nulls stay apart."""
    kind = column.dtype
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return hash_texts(column.cast(pl.String), seed).to_numpy().copy()
    if kind.is_float():
        bits = column.cast(pl.Float64).fill_null(0.0).to_numpy().view(np.uint64)
    elif kind == pl.UInt64:
        bits = column.fill_null(0).to_numpy()
    elif kind.is_integer() or kind.is_temporal() or kind == pl.Boolean:
        bits = column.cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64)
    else:
        raise TypeError(f"cannot hash column '{column.name}' of type {kind}")
    words = bits.astype(np.uint64, copy=True)
    if column.null_count():
        words[column.is_null().to_numpy()] = _hash_of_null(seed)
    return words


def _hash_of_null(seed: int) -> np.uint64:
    return np.uint64(xxh64(np.empty(0, np.uint8), 0, 0, np.uint64(seed ^ _NULL_SEED)))
