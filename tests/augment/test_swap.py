"""Swaps of strings: the cases, what stays, and that swapping twice gives the original back."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.augment.rules import rules
from curate.augment.swap import REASONS, mentions, swap
from curate.errors import TamisError

CASES = Path(__file__).parents[1] / "cases"
TOLD = tomllib.loads((CASES / "augment_en.toml").read_text("utf-8"))
KNOWN = TOLD.pop("known_failures")["cases"]
RIGHT = [case for kind in TOLD.values() for case in kind["cases"]]
SWAPPED = [text for text, wanted, _ in RIGHT if wanted.removeprefix("left_out:") not in REASONS]
NEGATIVE = tomllib.loads((CASES / "augment_negative_en.toml").read_text("utf-8"))["cases"]


def given_back(text: str) -> str:
    """The new text, or the reason."""
    made = swap([text], "en")
    return made.texts[0] if made.texts else made.reason


@pytest.mark.parametrize(("text", "wanted", "why"), RIGHT)
def test_a_text_is_swapped_whole_or_left_out_for_the_right_reason(text: str, wanted: str, why: str) -> None:
    assert given_back(text) == wanted.removeprefix("left_out:"), why


@pytest.mark.parametrize(("text", "wanted", "why"), KNOWN)
@pytest.mark.xfail(strict=True, reason="known to be wrong today")
def test_known_failures(text: str, wanted: str, why: str) -> None:
    assert given_back(text) == wanted, why


@pytest.mark.parametrize(("text", "why"), NEGATIVE)
def test_what_looks_like_gender_and_is_none_stays(text: str, why: str) -> None:
    assert given_back(f"She left. {text}") == f"He left. {text}", why


@given(st.lists(st.sampled_from([*SWAPPED, *(text for text, _ in NEGATIVE)]), min_size=1, max_size=6))
def test_swapping_twice_gives_the_original_back(texts: list[str]) -> None:
    joined = ["\n".join(texts), *texts]
    for told in (texts, joined):
        once = swap(told, "en")
        if once.texts:
            assert swap(once.texts, "en").texts == tuple(told)
        else:
            assert once.reason in REASONS


@given(st.text(alphabet="heHEsr \n.'\"`><1im", max_size=40))
def test_any_text_is_swapped_back_or_left_out(text: str) -> None:
    once = swap([text], "en")
    assert bool(once.texts) != bool(once.reason)
    if once.texts:
        assert once.texts != (text,)
        assert swap(once.texts, "en").texts == (text,)


def test_one_text_that_cannot_be_swapped_leaves_the_conversation_out() -> None:
    assert swap(["He is late.", "She is pregnant."], "en").reason == "fact"
    assert swap(["He is late.", "No problem."], "en").texts == ("She is late.", "No problem.")


def test_a_line_in_another_language_stays() -> None:
    text = "She wrote this:\nDas ist nicht der Plan, und her mit dem Geld"
    assert given_back(text) == text.replace("She", "He")


def test_every_pair_of_names_differs_in_gender_and_none_is_neutral() -> None:
    told = rules("en")
    assert all(told.names[other] == one for one, other in told.names.items())
    assert not set(told.names) & (told.neutral_names | told.other_names)


def test_a_language_without_rules_is_refused_by_name() -> None:
    with pytest.raises(TamisError, match="language 'de' has no rules for swapping; allowed: en"):
        swap(["Er kommt."], "de")


def test_mentions_are_found_inside_of_code() -> None:
    assert mentions('{"note": "ask_her"}', "en")
    assert not mentions('{"note": "there"}', "en")
