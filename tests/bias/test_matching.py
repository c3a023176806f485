from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.bias.lexicon import LANGUAGES, folded, load, parse
from curate.bias.matching import group_keys, matches, word_hashes, words
from curate.errors import RecipeError

CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text("utf-8"))["case"]


def mentioned(text: str, language: str) -> list[str]:
    found = matches(pl.Series([text]), pl.Series([language]))
    return sorted(set(found.filter(pl.col("kind") == "group")["means"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["why"]))
def test_a_text_mentions_exactly_these_groups(case: dict[str, Any]) -> None:
    assert mentioned(case["text"], case["language"]) == case["groups"], case["why"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_group_s_own_words_in_our_sentences_are_a_mention_of_it_and_of_no_other_of_its_axis(
    language: str,
) -> None:
    for group in load(language).groups:
        for said in (group.person, group.people):
            found = [key for key in mentioned(f"... {said}.", language) if key.startswith(f"{group.axis}.")]
            assert found == [group.key], said


def test_texts_of_unknown_language_are_read_with_all_terms() -> None:
    found = matches(pl.Series(["women", "femmes", "women"]), pl.Series(["und", None, "fr"]))
    assert found.select("row", "language").rows() == [(0, "en"), (1, "fr")]


def test_places_are_bytes_of_the_text() -> None:
    text = "Été : la FEMME, 😀 les Ro\u0301ms"
    found = matches(pl.Series(["", text]), pl.Series(["fr", "fr"]))
    data = text.encode()
    told = [data[start:stop].decode() for start, stop in found.select("start", "stop").iter_rows()]
    assert told == ["FEMME", "les Ro\u0301ms"]
    assert found["row"].to_list() == [1, 1]


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=8))
def test_words_are_those_of_the_definition(texts: list[str]) -> None:
    plain = [text.encode("utf-8", "ignore").decode() for text in texts]
    found = words(pl.Series(plain, dtype=pl.String))
    told = [
        plain[row].encode()[start:stop].decode()
        for row, start, stop in found.select("row", "start", "stop").iter_rows()
    ]
    assert all(told)
    for word, hashed in zip(told, found["word"], strict=True):
        if word.isascii() and word.isalnum():
            assert int(word_hashes((folded(word)[0],))[0]) == hashed


@settings(deadline=None)
@given(st.text(alphabet="aeé nNùwomen'-.😀\u0301", max_size=80), st.integers(0, 5))
def test_what_stands_around_a_text_does_not_change_what_is_found_in_it(text: str, others: int) -> None:
    alone = matches(pl.Series([text]), pl.Series(["en"]))
    among = matches(pl.Series(["women"] * others + [text, "men"]), pl.Series(["en"] * (others + 2)))
    assert alone.drop("row").equals(among.filter(pl.col("row") == others).drop("row"))


def test_groups_fit_a_mask_of_64_bits() -> None:
    assert 50 < len(group_keys()) <= 64
    assert len(set(group_keys())) == len(group_keys())


def test_every_group_of_a_language_has_sentences_and_an_axis_in_it() -> None:
    for language in LANGUAGES:
        lexicon = load(language)
        assert {group.axis for group in lexicon.groups} == set(lexicon.axes)
        assert len(lexicon.neutral) >= 15 and len(lexicon.hostile) >= 8
        assert all(("{person}" in text) or ("{people}" in text) for text in lexicon.neutral + lexicon.hostile)


def test_rules_that_are_not_sound_are_refused_with_file_and_key() -> None:
    data = tomllib.loads(Path("rules/identity_terms/en.toml").read_text("utf-8"))
    with pytest.raises(RecipeError, match=r"x\.toml: group 'height.tall' is on no axis"):
        parse({**data, "group": [*data["group"], {**data["group"][0], "key": "height.tall"}]}, "x.toml")
    with pytest.raises(RecipeError, match=r"two groups 'gender.women'"):
        parse({**data, "group": [*data["group"], data["group"][0]]}, "x.toml")
    with pytest.raises(RecipeError, match=r"'woman' names gender.women and gender.other"):
        parse({**data, "group": [*data["group"], {**data["group"][0], "key": "gender.other"}]}, "x.toml")
    long = {**data["group"][0], "key": "gender.long", "one": ["one two three four five six"]}
    with pytest.raises(RecipeError, match="6 words; allowed: 1 to 5"):
        parse({**data, "group": [long]}, "x.toml")


def test_hashes_of_different_words_differ() -> None:
    every = sorted({word for language in LANGUAGES for term in load(language).terms for word in term.words})
    assert len(np.unique(word_hashes(tuple(every)))) == len(every)
