"""wrong_language: only a list that the user gives decides, and never against what cannot be told."""

from __future__ import annotations

import polars as pl
import pytest

from curate.errors import RecipeError
from curate.passes.language import Language
from curate.passes.wrong_language import WrongLanguage
from curate.schema import messages

FRENCH = "Bonjour, ma commande n'est pas arrivée, que puis-je faire ?"
GERMAN = "Guten Tag, meine Bestellung ist leider nicht angekommen."


def judged(**options: object) -> pl.DataFrame:
    said = [
        ("f", FRENCH),
        ("f", "ok"),
        ("g", GERMAN),
        ("g", "ok"),
        ("x", "👍"),
        ("s", FRENCH),
        ("s", FRENCH),
        ("s", GERMAN),
    ]
    frame = messages(
        {
            "conversation_id": [one for one, _ in said],
            "role": ["user"] * 8,
            "text": [text for _, text in said],
        }
    )
    return WrongLanguage(**options)(Language()(frame))  # type: ignore[arg-type]


def test_without_a_list_nothing_is_decided() -> None:
    assert set(judged()["verdict"]) == {"keep"}


def test_a_conversation_in_another_language_goes_whole_and_says_why() -> None:
    out = judged(keep=("fr", "en"))
    gone = out.filter(pl.col("verdict") == "drop")
    assert gone["conversation_id"].unique().to_list() == ["g"]
    assert gone["decided_by"].unique().to_list() == ["wrong_language"]
    assert gone["evidence"][0].startswith("language de (")
    assert gone["evidence"][0].endswith(") not in fr, en")


def test_what_cannot_be_told_is_kept() -> None:
    out = judged(keep=("ja",))
    assert out.filter(pl.col("conversation_id") == "x")["verdict"].to_list() == ["keep"]


def test_a_turn_in_another_language_can_be_masked_by_itself() -> None:
    out = judged(keep=("fr",), scope="message", then="mask")
    assert out.filter(pl.col("conversation_id") == "s")["verdict"].to_list() == ["keep", "keep", "mask"]


def test_a_high_score_can_be_asked_for() -> None:
    measured = {"conversation_language": ["de", "de"], "conversation_language_score": [0.8, 0.95]}
    holds = pl.DataFrame(measured).select(WrongLanguage(keep=("fr",), least_score=0.9).decide_when())
    assert holds.to_series().to_list() == [False, True]
    with pytest.raises(RecipeError, match=r"wrong_language\.least_score"):
        WrongLanguage(least_score=-1)


def test_a_code_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"unknown language 'xq' in wrong_language\.keep"):
        WrongLanguage(keep=("xq",))
