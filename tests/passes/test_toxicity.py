"""toxicity: every role scored, equal texts once, a clear error for what is not right."""

from __future__ import annotations

import polars as pl
import pytest

from curate.errors import RecipeError
from curate.passes.toxicity import Toxicity
from curate.schema import messages

CHAT = messages(
    {
        "conversation_id": ["a", "a", "a", "b", "b"],
        "role": ["system", "user", "assistant", "user", "tool"],
        "text": ["You are helpful.", "you fucking idiot", "I am sorry.", "you fucking idiot", ""],
    }
)


def test_every_row_has_a_score_whatever_its_role() -> None:
    measured = Toxicity()(CHAT)
    assert measured["toxicity"].dtype == pl.Float64
    assert measured["toxicity"].null_count() == 0
    assert measured.drop("toxicity").equals(CHAT)
    assert (measured["toxicity"] > 0.8).to_list() == [False, True, False, True, False]
    assert measured["toxicity"][4] == 0.0


def test_equal_texts_are_scored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Counting:
        columns = ("toxicity",)

        def score(self, texts: pl.Series) -> dict[str, object]:
            asked.append(len(texts))
            return {"toxicity": [0.5] * len(texts)}

    monkeypatch.setattr("curate.passes.toxicity.load", lambda *given: Counting())
    measured = Toxicity().measure(CHAT)
    assert asked == [4]
    assert measured["toxicity"].to_list() == [0.5] * 5


def test_no_rows_give_no_scores_in_the_same_columns() -> None:
    assert Toxicity().measure(CHAT.head(0)).schema == Toxicity().measure(CHAT).schema


def test_the_embedded_scorer_is_not_dear_a_transformer_is() -> None:
    assert not Toxicity().dear
    assert Toxicity(model="detoxify:unbiased").dear


def test_the_scorer_names_itself_for_the_manifest() -> None:
    told = Toxicity().describe()
    assert told["name"] == "embedded"
    assert set(told) == {"name", "version", "sha256"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "detoxfy:unbiased"}, "did you mean 'detoxify:unbiased'"),
        ({"model": ""}, "unknown model ''"),
        ({"precision": "fp8"}, "must be one of fp32, auto, bf16, int8"),
        ({"folder": "somewhere"}, "leave it out with model = 'embedded'"),
    ],
)
def test_a_wrong_option_is_told_with_what_is_allowed(given: dict[str, str], said: str) -> None:
    with pytest.raises(RecipeError) as error:
        Toxicity(**given)
    assert said in str(error.value)
