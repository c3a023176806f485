"""repair_unicode: mojibake, controls and hidden characters put right; scripts, signs and emoji left alone."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from ftfy.badness import is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.passes.fixpoint import settle
from curate.passes.repair_unicode import RepairUnicode
from curate.unicode.hidden import GATE, count_hidden, remove_hidden
from curate.unicode.repair import COMPOSED, _once, badness, needs_repair, repair

CASES = Path(__file__).parent.parent / "cases"


def cases(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text("utf-8").splitlines()]


LETTERS = "aé Ã©â€™œ\u00a0\u0085\u00ad\u200b\u200c\u200d\u200e\u202e\ufe0f\u0301मक्षبش👩🏴❤\U000e0067\U000e007f\U000e0105\x00\r\n<b>&;Ω"
TEXTS = st.text(alphabet=LETTERS, max_size=25) | st.text(max_size=40)


@pytest.mark.parametrize("case", cases("unicode"), ids=lambda case: case["why"])
def test_broken_characters_are_put_right(case: dict[str, str]) -> None:
    assert repair(case["original"]) == case["expected"]


@pytest.mark.parametrize("case", cases("unicode_negative"), ids=lambda case: ascii(case["original"][:12]))
def test_right_characters_are_left_alone(case: dict[str, str]) -> None:
    assert repair(case["original"]) == case["original"]


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_a_second_run_changes_nothing(text: str) -> None:
    assert repair(repair(text)) == repair(text)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_the_gates_miss_no_text_that_would_change(text: str) -> None:
    without_gate = settle(_once, text)
    assert repair(text) == without_gate
    if not pl.DataFrame({"text": [text]}).select(needs_repair(pl.col("text"))).item():
        assert without_gate == text


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet=LETTERS, max_size=20), min_size=1, max_size=20))
def test_the_pattern_in_polars_finds_all_that_ftfy_finds(texts: list[str]) -> None:
    found = pl.Series(texts).str.contains(badness()).to_list()  # it may find more: a mark counts as a letter
    assert all(here or not is_bad(text) for here, text in zip(found, texts, strict=True))


def test_every_character_that_composition_may_change_is_in_the_gate() -> None:
    letters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    second = {parts[1] for letter in letters if len(parts := pair(letter)) == 2}
    touched = [one for one in letters if not unicodedata.is_normalized("NFC", one) or one in second]
    assert pl.Series(touched).str.contains(COMPOSED).all()


def pair(letter: str) -> list[str]:
    parts = unicodedata.decomposition(letter).split()
    return [] if not parts or parts[0].startswith("<") else [chr(int(part, 16)) for part in parts]


def test_every_character_that_may_be_removed_as_hidden_is_in_the_gate() -> None:
    letters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    gone = [letter for letter in letters if remove_hidden(f"a{letter}") == "a" or remove_hidden(letter) == ""]
    assert len(gone) > 100
    assert pl.Series(gone).str.contains(GATE).all()


def test_hidden_characters_are_counted() -> None:
    said = pl.Series(
        ["plain", "a\u200bb", "hi" + "".join(chr(0xE0000 + ord(sign)) for sign in "obey"), "👨\u200d👩"]
    )
    assert count_hidden(said).to_list() == [0, 1, 4, 0]


def test_a_lookalike_of_rare_scripts_is_no_mojibake() -> None:
    assert repair("Straßªe") == "Straßªe"


def test_the_pass_gives_back_as_many_texts_as_it_took() -> None:
    taken = pl.Series("text", ["dÃ©jÃ\xa0 vu", "你好，世界！", ""])
    assert RepairUnicode().rewrite(taken).to_list() == ["déjà vu", "你好，世界！", ""]
