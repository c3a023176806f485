"""too_toxic: an assistant's words decide, a user's do not, unless the recipe says so."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from curate.engine import apply
from curate.errors import RecipeError
from curate.passes.too_toxic import TooToxic
from curate.schema import messages

ROLES = ["user", "assistant", "user", "assistant"]


def chat(*scores: float | None, roles: list[str] = ROLES) -> pl.DataFrame:
    said = {"conversation_id": ["a"] * len(scores), "role": roles, "text": ["…"] * len(scores)}
    return messages(said).with_columns(pl.Series("toxicity", scores, dtype=pl.Float64))


CASES = [
    ([0.99, 0.1, 0.99, 0.1], {}, ["keep"] * 4, "an insult that is answered well stays"),
    ([0.1, 0.1, 0.1, 0.93], {}, ["drop"] * 4, "an assistant's insult takes the conversation"),
    ([0.1, 0.8, 0.1, 0.1], {}, ["keep"] * 4, "at the limit is not above it"),
    ([0.1, 0.9, 0.1, 0.1], {"then": "mask"}, ["mask"] * 4, "masked where asked"),
    ([0.1, 0.9, 0.1, 0.1], {"then": "mask", "scope": "message"}, ["keep", "mask", "keep", "keep"], "scope"),
    ([0.1, 0.9, 0.1, 0.1], {"then": "flag"}, ["keep"] * 4, "a flag raises no verdict"),
    ([0.9, 0.1, 0.1, 0.1], {"roles": ("user",)}, ["drop"] * 4, "a user's words, where asked"),
    ([0.1, None, 0.1, 0.1], {}, ["keep"] * 4, "what was not scored decides nothing"),
    ([0.1, 0.6, 0.1, 0.1], {"limit": 0.5}, ["drop"] * 4, "the limit moves"),
]


@pytest.mark.parametrize(("scores", "options", "verdicts", "why"), CASES)
def test_verdicts(scores: list[float], options: dict[str, Any], verdicts: list[str], why: str) -> None:
    assert apply([TooToxic(**options)], chat(*scores))["verdict"].to_list() == verdicts, why


def test_the_evidence_is_the_measure_and_its_limit() -> None:
    decided = apply([TooToxic()], chat(0.1, 0.934, 0.1, 0.1))
    assert decided["evidence"][1] == "toxicity 0.93 > 0.80"
    assert set(decided["decided_by"]) == {"too_toxic"}


def test_a_flag_stands_on_the_message_alone() -> None:
    flagged = apply([TooToxic(then="flag")], chat(0.1, 0.9, 0.1, 0.1))
    assert flagged["flags"].to_list() == [None, "too_toxic", None, None]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limit": 1.5}, "too_toxic.limit is 1.5, must be from 0 to 1"),
        ({"limit": float("nan")}, "must be from 0 to 1"),
        ({"roles": ()}, "too_toxic.roles is empty"),
        ({"roles": ("asistant",)}, "did you mean 'assistant'?"),
    ],
)
def test_a_wrong_option_is_told_with_what_is_allowed(options: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as error:
        TooToxic(**options)
    assert said in str(error.value)
