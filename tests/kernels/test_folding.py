"""The compared form: what it evens out, what it leaves apart, and that the kernel follows the definition."""

from __future__ import annotations

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.folding import COMPOSED, composed_buffers, fold, fold_into, fold_table

FOLDED = [
    ("Hello  World", "hello world", "case, runs of spaces"),
    ("  a\t\r\n b \u00a0\u3000c\u2028", "a b c", "white space of any kind, none at the ends"),
    ("It’s “fine”", 'it\'s "fine"', "typographic quotes"),
    ("ＡＢＣ　１２３！", "abc 123!", "full width"),
    ("e\u0301te\u0301", "été", "composed and decomposed are one text"),
    ("ΟΔΟΣ οδος οδοσ", "οδοσ οδοσ οδοσ", "both small sigmas"),
    ("\u212aelvin \u2126", "kelvin ω", "letters with a canonical twin"),
    ("각", "각", "Hangul letters make a syllable"),
    ("ПРИВЕТ Ёж", "привет ёж", "Cyrillic case"),
    ("", "", "nothing"),
    (" \n\t ", "", "only white space"),
]
APART = [
    ("5²", "52", "a power is no digit"),
    ("½", "1/2", "compatibility forms stay"),
    ("你好，世界", "你好世界", "a comma is a sign"),
    ("résumé", "resume", "accents count"),
    ("a b", "ab", "a space is a border"),
    ("👍", "👎", "emoji differ"),
]


def kernel_fold(texts: list[str]) -> list[str]:
    composed = composed_buffers(pl.Series(texts, dtype=pl.String))
    answers = []
    for start, stop in zip(composed.starts, composed.stops, strict=True):
        points = np.empty(stop - start, np.uint32)
        number = fold_into(composed.data, start, stop, fold_table(), points)
        answers.append("".join(map(chr, points[:number])))
    return answers


@pytest.mark.parametrize(("original", "expected", "why"), FOLDED)
def test_what_makes_no_difference_is_evened_out(original, expected, why):
    assert kernel_fold([original]) == [expected], why
    assert fold(original) == expected, why


@pytest.mark.parametrize(("one", "two", "why"), APART)
def test_what_makes_a_difference_stays_apart(one, two, why):
    assert len(set(kernel_fold([one, two]))) == 2, why


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text(), max_size=10))
def test_the_kernel_gives_what_the_definition_says(texts):
    assert kernel_fold(texts) == [fold(text) for text in texts]


@settings(deadline=None)  # the first call compiles
@given(st.text(alphabet="aÀé\u0301\u0327\u1100\u1161\u11a8ΣςßİŉǰK\u2126 \u00a0’", max_size=12))
def test_letters_that_compose_and_fold_are_followed_too(text):
    assert kernel_fold([text, "x"]) == [fold(text), "x"]


def test_every_code_point_taken_for_composed_is():
    second = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))  # vowels and finals of Hangul
    for point in range(0x110000):
        parts = unicodedata.decomposition(chr(point))
        if parts and not parts.startswith("<"):
            second.update(int(part, 16) for part in parts.split()[1:])
    for start, stop in COMPOSED:
        for point in range(start, stop):
            letter = chr(point)
            assert unicodedata.normalize("NFC", letter) == letter
            assert unicodedata.combining(letter) == 0
            assert point not in second


def test_nulls_fold_to_nothing():
    composed = composed_buffers(pl.Series([None, "e\u0301", None]))
    assert (composed.stops - composed.starts).tolist() == [0, 2, 0]
