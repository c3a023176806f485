"""The kernel that tells languages gives what fastText's own `predict` gives, bit for bit."""

from __future__ import annotations

import random
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.language.fasttext_file import read_classifier
from curate.language.model import BEST, FLOOR, Guesser, _fasttext, _file, _kernel, _one_by_one
from curate.language.words import spoken
from tests.readers.test_fuzz import originals

SAID = [
    "guten morgen",
    "où est la bibliothèque s'il vous plaît",
    "сколько это стоит",
    "今日はいい天気ですね",
    "شكرا جزيلا",
    "x",
    "l'",
    "a" * 300,
    "ﷺ",
    "qqqqzzzz xkcd",
    "नमस्ते दुनिया",
    "",
    "  two  spaces  ",
]


@cache
def guessers(many: int, least: float) -> tuple[Guesser, Guesser]:
    """Ours and theirs."""
    path = _file("builtin")
    classifier = read_classifier(path)
    assert classifier is not None
    return _kernel(classifier, many, least), _one_by_one(_fasttext(path, many, least))


def both(texts: list[str], many: int, least: float) -> tuple[list[object], list[object]]:
    mine, theirs = guessers(many, least)
    series = pl.Series(texts, dtype=pl.String)
    return mine(series).rows(), theirs(series).rows()


@pytest.mark.parametrize(("many", "least"), [(BEST, FLOOR), (-1, 0.0), (1, 0.0)])
def test_labels_and_probabilities_are_those_of_fasttext(many: int, least: float) -> None:
    logs = b"\n".join(raw for name, raw in originals().items() if name.endswith(("jsonl", "csv", "txt")))
    lines = pl.DataFrame({"text": logs.decode("utf-8", "replace").splitlines()})
    words = [text for text in lines.select(spoken(pl.col("text"))).to_series() if text]
    draw = random.Random(1)
    cut = [text[draw.randrange(len(text)) :].strip() for text in words]
    mine, theirs = both([*SAID, *words, *cut], many, least)
    assert len(theirs) > 300
    assert mine == theirs


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(categories=("L", "M")) | st.sampled_from(" '’\u200c"), max_size=60))
def test_any_text_of_letters_is_told_as_fasttext_tells_it(text: str) -> None:
    mine, theirs = both([text], BEST, FLOOR)
    assert mine == theirs


def test_a_model_of_another_kind_is_left_to_fasttext(tmp_path) -> None:
    raw = open(_file("builtin"), "rb").read()  # noqa: SIM115, PTH123
    (tmp_path / "other.ftz").write_bytes(raw[:4] + b"\x0b" + raw[5:])
    (tmp_path / "cut.ftz").write_bytes(raw[:5000])
    assert read_classifier(str(tmp_path / "other.ftz")) is None
    assert read_classifier(str(tmp_path / "cut.ftz")) is None
