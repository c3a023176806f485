"""Swaps of strings: the cases, what stays, and that swapping twice gives the original back."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.augment.english.rules import rules
from curate.augment.french.lexicon import lexicon
from curate.augment.result import REASONS
from curate.augment.swap import LANGUAGES, mentions, swap
from curate.errors import TamisError

CASES = Path(__file__).parents[1] / "cases"
HEAD = {"en": ("She left.", "He left."), "fr": ("Ma sœur est là.", "Mon frère est là.")}
"""What stands before a text that must stay, and what it becomes."""
RIGHT, KNOWN, NEGATIVE = [], [], []
for spoken in LANGUAGES:
    told = tomllib.loads((CASES / f"augment_{spoken}.toml").read_text("utf-8"))
    KNOWN += [(spoken, *case) for case in told.pop("known_failures")["cases"]]
    RIGHT += [(spoken, *case) for kind in told.values() for case in kind["cases"]]
    stays = tomllib.loads((CASES / f"augment_negative_{spoken}.toml").read_text("utf-8"))["cases"]
    NEGATIVE += [(spoken, *case) for case in stays]
SWAPPED = {
    spoken: [text for name, text, wanted, _ in RIGHT if name == spoken and wanted[9:] not in REASONS]
    + [text for name, text, _ in NEGATIVE if name == spoken]
    for spoken in LANGUAGES
}


def given_back(text: str, language: str) -> str:
    """The new text, or the reason."""
    made = swap([text], language)
    return made.texts[0] if made.texts else made.reason


@pytest.mark.parametrize(("language", "text", "wanted", "why"), RIGHT)
def test_a_text_is_swapped_whole_or_left_out_for_the_right_reason(
    language: str, text: str, wanted: str, why: str
) -> None:
    assert given_back(text, language) == wanted.removeprefix("left_out:"), why


@pytest.mark.parametrize(("language", "text", "wanted", "why"), KNOWN)
@pytest.mark.xfail(strict=True, reason="known to be wrong today")
def test_known_failures(language: str, text: str, wanted: str, why: str) -> None:
    assert given_back(text, language) == wanted, why


@pytest.mark.parametrize(("language", "text", "why"), NEGATIVE)
def test_what_looks_like_gender_and_is_none_stays(language: str, text: str, why: str) -> None:
    before, after = HEAD[language]
    assert given_back(f"{before} {text}", language) == f"{after} {text}", why


MESSAGES = tomllib.loads((CASES / "augment_messages_fr.toml").read_text("utf-8"))["cases"]
SWAPPED_MESSAGES = 405
"""How many of them are swapped today; the others are left out, which is no error, and no success."""


def test_a_message_becomes_what_is_right_or_stays_as_it_is() -> None:
    made = [(given_back(text, "fr"), wanted) for _, text, wanted, _ in MESSAGES]
    assert [pair for pair in made if pair[0] not in REASONS and pair[0] != pair[1]] == []
    assert sum(new == wanted for new, wanted in made) >= SWAPPED_MESSAGES


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_swapping_twice_gives_the_original_back(language: str, data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.sampled_from(SWAPPED[language]), min_size=1, max_size=6))
    joined = ["\n".join(texts), *texts]
    for told in (texts, joined):
        once = swap(told, language)
        if once.texts:
            assert swap(once.texts, language).texts == tuple(told)
        else:
            assert once.reason in REASONS


PIECES = (
    "il elle Elle s' l' d' qu' est suis je ma mon la le un une sœur oncle amie venue venu et , . \n 'aï de à"
)
WORDS = {"en": list("heHEsr \n.'\"`><1im"), "fr": [*PIECES.split(" "), " "]}


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_any_text_is_swapped_back_or_left_out(language: str, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from(WORDS[language]), max_size=40 if language == "en" else 14))
    text = ("" if language == "en" else " ").join(pieces)
    once = swap([text], language)
    assert bool(once.texts) != bool(once.reason)
    if once.texts:
        assert once.texts != (text,)
        assert swap(once.texts, language).texts == (text,)


def test_one_text_that_cannot_be_swapped_leaves_the_conversation_out() -> None:
    assert swap(["He is late.", "She is pregnant."], "en").reason == "fact"
    assert swap(["He is late.", "No problem."], "en").texts == ("She is late.", "No problem.")


def test_a_line_in_another_language_stays() -> None:
    text = "She wrote this:\nDas ist nicht der Plan, und her mit dem Geld"
    assert given_back(text, "en") == text.replace("She", "He")


def test_every_pair_of_names_differs_in_gender_and_none_is_neutral() -> None:
    told = rules()
    assert all(told.names[other] == one for one, other in told.names.items())
    assert not set(told.names) & (told.neutral_names | told.other_names)


def test_a_language_without_rules_is_refused_by_name() -> None:
    with pytest.raises(TamisError, match="language 'de' has no rules for swapping; allowed: en, fr"):
        swap(["Er kommt."], "de")


def test_mentions_are_found_inside_of_code() -> None:
    assert mentions('{"note": "ask_her"}', "en")
    assert not mentions('{"note": "there"}', "en")


def test_french_pairs_of_names_come_back_and_none_is_neutral() -> None:
    told = lexicon()
    for name, (gender, other) in told.names.items():
        assert told.names[other] == ("f" if gender == "m" else "m", name)
    assert not set(told.names) & (told.neutral_names | told.other_names)


def test_a_form_of_a_french_noun_comes_back() -> None:
    told = lexicon()
    for form in (*told.nouns.values(), *told.owned.values()):
        known = told.owned if form.kind == "owned" else told.nouns
        back = known[form.partner].partner
        assert back in (told.nouns | told.owned) and known[back].partner in (form.partner, back)


def test_a_pronoun_is_read_in_the_light_of_the_message_before() -> None:
    assert swap(["Ma sœur est là.", "Elle attend ?"], "fr").texts == ("Mon frère est là.", "Il attend ?")
    assert swap(["La machine est là, dit ma sœur.", "Elle attend ?"], "fr").reason == "ambiguous"
