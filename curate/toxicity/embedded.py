"""The scorer that ships with Tamis: a linear model over hashed n-grams, one byte a weight, calibrated."""

from __future__ import annotations

import functools
import hashlib
import io
import tomllib
import unicodedata
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.errors import RecipeError
from curate.kernels.buffers import text_buffers
from curate.toxicity import kernel, letters

WEIGHTS = "embedded.npz"
FACTS = "thresholds.toml"
SCALE = 10_000
"""Probabilities are kept as whole ten-thousandths, so that a score is one division."""
FOLDED_BELOW = letters.SYMBOLS
"""Code points below this are folded through a table; those above are words of one character."""


class Weights(NamedTuple):
    """What the file of weights holds."""

    weights: NDArray[np.int8]  # one per bucket of features
    bias: int  # in units of the integer logit
    lowest: int  # integer logit of the first entry of `probabilities`
    probabilities: NDArray[np.uint16]  # ten-thousandths, one per integer logit from `lowest` on
    fold: NDArray[np.uint16]  # per code point: the letter it is read as, or a code of letters.py
    groups: NDArray[np.uint64]  # keys of the words that name groups, ascending

    def packed(self) -> bytes:
        """The bytes of a file of weights; the same weights always give the same bytes."""
        file = io.BytesIO()
        numbers = np.array([self.bias, self.lowest], dtype=np.int64)
        np.savez_compressed(
            file,
            weights=self.weights,
            numbers=numbers,
            probabilities=self.probabilities,
            fold=self.fold,
            groups=self.groups,
        )
        return file.getvalue()

    @classmethod
    def unpacked(cls, data: bytes) -> Weights:
        """The weights in the bytes of a file."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            bias, lowest = arrays["numbers"].tolist()
            return cls(
                arrays["weights"], bias, lowest, arrays["probabilities"], arrays["fold"], arrays["groups"]
            )


@dataclass(frozen=True)
class Embedded:
    """Scores texts in the calling thread; compiled, without the GIL, the same bits on every machine.

    Method: logistic regression over hashed words, word pairs and letter runs (Joulin and others 2016, "Bag of
    tricks for efficient text classification", without the hidden layer), Platt's calibration (Platt 1999).
    """

    weights: Weights
    version: str
    sha256: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The measures it gives."""
        return ("toxicity",)

    @property
    def dear(self) -> bool:
        """It is cheap: every row is scored."""
        return False

    def score(self, texts: pl.Series) -> dict[str, NDArray[np.float64]]:
        """`toxicity` per text, from 0 to 1; 0.0 for a text without a word and for null."""
        places = self.logits(texts) - self.weights.lowest
        found = self.weights.probabilities[np.clip(places, 0, len(self.weights.probabilities) - 1)]
        empty = places < kernel.NOTHING // 2
        return {"toxicity": np.where(empty, 0.0, found / float(SCALE))}

    def logits(self, texts: pl.Series) -> NDArray[np.int64]:
        """The integer logit of each text's highest segment, before calibration."""
        data, starts, stops = text_buffers(texts)
        found: NDArray[np.int64] = kernel.logits(
            data,
            starts,
            stops,
            self.weights.weights,
            self.weights.bias,
            self.weights.fold,
            self.weights.groups,
            kernel.SHORTEST_SEGMENT,
        )
        return found

    def describe(self) -> dict[str, str]:
        """What the manifest says of the scorer that ran."""
        return {"name": "embedded", "version": self.version, "sha256": self.sha256}


@functools.lru_cache(1)
def load_embedded() -> Embedded:
    """The scorer in `rules/toxicity`. Raises RecipeError when its weights are not those of its facts."""
    return read_embedded(resources.files("rules") / "toxicity")


def read_embedded(folder: Traversable) -> Embedded:
    """The scorer whose weights and facts lie in `folder`."""
    facts = tomllib.loads((folder / FACTS).read_text(encoding="utf-8"))["embedded"]
    data = (folder / WEIGHTS).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != facts["sha256"]:
        raise RecipeError(
            f"the weights {WEIGHTS} have sha256 {sha256[:12]}…, {FACTS} names {facts['sha256'][:12]}…; "
            "install Tamis again, or train again with benchmarks/train_toxicity.py"
        )
    return Embedded(Weights.unpacked(data), facts["version"], sha256)


def feature_rows(
    texts: pl.Series, fold: NDArray[np.uint16], groups: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The features of each text as a sparse matrix's `indptr` and `indices`, repeats as often as met."""
    data, starts, stops = text_buffers(texts)
    indptr = np.zeros(len(starts) + 1, dtype=np.int64)
    whole = 1 << 30  # texts are trained on whole, cut only at the longest segment
    kernel.collect(data, starts, stops, fold, groups, whole, indptr, np.empty(0, np.int32))
    indices = np.empty(indptr[-1], dtype=np.int32)
    kernel.collect(data, starts, stops, fold, groups, whole, indptr, indices)
    return indptr, indices


def fold_table() -> NDArray[np.uint16]:
    """What each code point below FOLDED_BELOW is read as: lower case, without accents.

    Made once, when training; scoring reads the one in the weights, whatever Python's Unicode version.

    >>> table = fold_table()
    >>> chr(table[ord("É")]), int(table[ord(".")]), int(table[0x301])
    ('e', 0, 1)
    """
    table = np.zeros(FOLDED_BELOW, dtype=np.uint16)
    for point in range(FOLDED_BELOW):
        category = unicodedata.category(chr(point))
        if category in ("Mn", "Cf"):
            table[point] = letters.SKIPPED
        elif category[0] == "L" or category == "Mc":
            lower = chr(point).lower()
            plain = unicodedata.normalize("NFKD", lower)[0]
            table[point] = ord(plain) if 97 <= ord(plain) < FOLDED_BELOW else ord(lower[0])
    table[[ord(sign) for sign in "0123456789!$*@"]] = letters.MAYBE
    return table


def group_keys(words: list[str], fold: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """The keys under which the kernel knows the words of groups, ascending."""
    keys = []
    for word in words:
        read = np.array([fold[ord(letter)] for letter in word], dtype=np.int64)
        keys.append(kernel.hash_word(read, 0, len(read)))
    return np.unique(np.array(keys, dtype=np.uint64))
