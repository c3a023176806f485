"""The parts of a quantised fastText classifier, read from its .ftz file as arrays.

Format: fastText 0.9 (version 12), `fasttext.cc`, `dictionary.cc`, `quantmatrix.cc`, `productquantizer.cc`,
`loss.cc`; Joulin et al. 2016, arXiv:1612.03651. Read are models like lid.176.ftz: supervised, hierarchical
softmax, single words, a quantised input and a plain output matrix.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAGIC, _VERSION = 793712314, 12
_HIERARCHICAL, _SUPERVISED = 1, 3
_UNBORN = np.int64(10**15)  # the count of a node before it is made
_CENTROIDS = 256


class Classifier(NamedTuple):
    """What predicting needs. Rows of `vectors`: the words, then the kept n-grams of characters."""

    labels: list[str]
    vectors: NDArray[np.float32]
    slots: NDArray[np.int32]  # word of each hash, by open addressing; -1 for none
    word_bytes: NDArray[np.uint8]
    word_bounds: NDArray[np.int64]  # word w is word_bytes[word_bounds[w]:word_bounds[w + 1]]
    grams: NDArray[np.int32]  # row of each bucket of n-grams; -1 where it was pruned
    least: int  # characters of the shortest and the longest n-gram
    most: int
    output: NDArray[np.float32]
    left: NDArray[np.int32]  # the tree of the softmax: node n's children; -1 for a leaf (a label)
    right: NDArray[np.int32]
    ending: int  # the word that ends every text, -1 for none


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return found

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self._data, kind, count, self._at)
        self._at += found.nbytes
        return found

    def text(self) -> bytes:
        stop = self._data.index(b"\0", self._at)
        found, self._at = self._data[self._at : stop], stop + 1
        return found


def read_classifier(path: str) -> Classifier | None:
    """The classifier in a file; None where it is a fastText model of another kind. Raises OSError."""
    reader = _Reader(Path(path).read_bytes())
    try:
        return _classifier(reader)
    except (struct.error, ValueError):
        return None


def _classifier(reader: _Reader) -> Classifier | None:
    magic, version, dim, _, _, _, _, word_grams, loss, model, bucket, least, most, _ = reader.take("14i")
    reader.take("d")
    if (magic, version, word_grams, loss, model) != (_MAGIC, _VERSION, 1, _HIERARCHICAL, _SUPERVISED):
        return None
    _, words, labels, _, pruned = reader.take("iiiqq")
    entries = [(reader.text(), reader.take("qb")) for _ in range(words + labels)]
    if [kind for _, (_, kind) in entries] != [0] * words + [1] * labels or pruned < 0:
        return None
    pairs = reader.array("<i4", 2 * pruned).reshape(-1, 2)
    grams = np.full(bucket, -1, np.int32)
    grams[pairs[:, 0].astype(np.int64)] = pairs[:, 1].astype(np.int32) + np.int32(words)
    if reader.take("?") != (True,):
        return None
    vectors = _quantised(reader)
    if reader.take("?") != (False,):
        return None
    rows, columns = reader.take("qq")
    output = reader.array("<f4", rows * columns).reshape(rows, columns).astype(np.float32)
    if columns != dim or vectors.shape[1] != dim:
        return None
    names = [text for text, _ in entries[:words]]
    left, right = _tree([count for _, (count, _) in entries[words:]])
    return Classifier(
        labels=[text.decode() for text, _ in entries[words:]],
        vectors=vectors,
        slots=_slots(names),
        word_bytes=np.frombuffer(b"".join(names), np.uint8),
        word_bounds=np.concatenate([[0], np.cumsum([len(name) for name in names])]).astype(np.int64),
        grams=grams,
        least=least,
        most=most,
        output=output,
        left=left,
        right=right,
        ending=names.index(b"</s>") if b"</s>" in names else -1,
    )


def _quantised(reader: _Reader) -> NDArray[np.float32]:
    """A product-quantised matrix, its rows put together and scaled by their norms."""
    (scaled,) = reader.take("?")
    rows, _, size = reader.take("qqi")
    codes = reader.array("u1", size).reshape(rows, -1)
    vectors = _decoded(reader, codes)
    if scaled:
        norms = _decoded(reader, reader.array("u1", rows).reshape(rows, 1))
        vectors = norms * vectors
    return np.ascontiguousarray(vectors)


def _decoded(reader: _Reader, codes: NDArray[np.generic]) -> NDArray[np.float32]:
    dim, parts, width, last = reader.take("4i")
    centroids = reader.array("<f4", dim * _CENTROIDS).astype(np.float32)
    found = []
    for part in range(parts):
        wide = last if part == parts - 1 else width
        start = part * _CENTROIDS * width
        found.append(centroids[start : start + _CENTROIDS * wide].reshape(_CENTROIDS, wide)[codes[:, part]])
    return np.concatenate(found, axis=1)


def fnv1a(text: bytes) -> int:
    """fastText's 32-bit hash (FNV-1a with signed bytes).

    >>> fnv1a(b"</s>")
    3617362777
    """
    state = 2166136261
    for byte in text:
        signed = byte if byte < 128 else byte | 0xFFFFFF00
        state = ((state ^ signed) * 16777619) & 0xFFFFFFFF
    return state


def _slots(names: list[bytes]) -> NDArray[np.int32]:
    """Open addressing with at least three free slots to a word."""
    size = 1 << (4 * len(names)).bit_length()
    slots = np.full(size, -1, np.int32)
    for number, name in enumerate(names):
        at = fnv1a(name) & (size - 1)
        while slots[at] >= 0:
            at = (at + 1) & (size - 1)
        slots[at] = number
    return slots


def _tree(counts: list[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The Huffman tree over labels that stand by falling count, as fastText builds it."""
    size = len(counts)
    weight = np.full(2 * size - 1, _UNBORN, np.int64)
    weight[:size] = counts
    left, right = np.full(2 * size - 1, -1, np.int32), np.full(2 * size - 1, -1, np.int32)
    leaf, inner = size - 1, size
    for made in range(size, 2 * size - 1):
        least = []
        for _ in range(2):
            if leaf >= 0 and weight[leaf] < weight[inner]:
                least.append(leaf)
                leaf -= 1
            else:
                least.append(inner)
                inner += 1
        left[made], right[made] = least
        weight[made] = weight[least[0]] + weight[least[1]]
    return left, right
