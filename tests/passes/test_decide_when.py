"""decide_when: a user's own rule in SQL, about one message at a time, with a name of its own."""

from __future__ import annotations

import polars as pl
import pytest

from curate import schema
from curate.conditions import check_rule, read_condition
from curate.engine import apply
from curate.errors import RecipeError
from curate.passes.decide_when import DecideWhen
from curate.passes.quality import Quality

COLUMNS = pl.Schema(
    {**schema.MESSAGES, "words": pl.UInt32, "toxicity": pl.Float64, "language": pl.String, "echo": pl.Boolean}
)


def chat() -> pl.DataFrame:
    said = ["one two", "one two three four five", "one", "one two three"]
    return schema.messages(
        {"conversation_id": ["a", "a", "b", "b"], "role": ["user", "assistant"] * 2, "text": said}
    )


def test_a_rule_decides_under_its_own_name_with_the_values_it_read() -> None:
    rule = DecideWhen(
        name="too_long", condition="words > 4 AND role = 'assistant'", then="mask", scope="message"
    )
    out = apply([Quality(), rule], chat())
    assert out["verdict"].to_list() == ["keep", "mask", "keep", "keep"]
    assert out["decided_by"][1] == "too_long"
    assert out["flags"][1] == "too_long"
    assert out["evidence"][1] == "words 5, role assistant; condition words > 4 AND role = 'assistant'"


def test_a_rule_reaches_the_conversation_by_default() -> None:
    out = apply([Quality(), DecideWhen(name="too_long", condition="words > 4")], chat())
    assert out["verdict"].to_list() == ["drop", "drop", "keep", "keep"]
    assert out["evidence"][0] == "turn 1: words 5; condition words > 4"


def test_evidence_never_holds_a_text() -> None:
    rule = DecideWhen(name="secret", condition="text LIKE '%two%' AND source = ''", then="flag")
    assert rule.evidence().meta.root_names() == []


@pytest.mark.parametrize(
    "condition",
    [
        "words > 4000 AND role = 'assistant'",
        "language IN ('fr', 'en') OR language IS NULL",
        "language NOT IN ('fr')",
        "words BETWEEN 1 AND 3",
        "echo",
        "NOT echo AND length(text) > 3",
        "CASE WHEN words > 1 THEN toxicity > 0.2 ELSE FALSE END",
        "coalesce(toxicity, 0) > 0.5 OR greatest(words, 3) > 5",
        "upper(text) = 'A' OR text LIKE '%x%' OR substr(text, 1, 2) = 'ab' OR regexp_like(text, '^a')",
        "text = 'a IN (1, 2)'",
        "abs(toxicity) > 0.5 AND round(toxicity, 1) = 0.6",
    ],
)
def test_conditions_about_one_message_are_taken(condition: str) -> None:
    check_rule(DecideWhen(name="mine", condition=condition), COLUMNS)


@pytest.mark.parametrize(
    "condition",
    [
        "toxicity > avg(toxicity)",
        "words > sum(words) / 2",
        "count(*) > 3",
        "words > max(words) - 1",
        "toxicity > 0.9 OR words > median(words) * 1000000",
        "words > avg(words) OVER (PARTITION BY conversation_id)",
        "row_number() OVER (ORDER BY words) > 3",
        "rank() OVER (PARTITION BY role ORDER BY words) > 1",
        "lag(words) OVER (ORDER BY turn) > 3",
        "first(words) > 3",
        "array_agg(words) IS NOT NULL",
    ],
)
def test_conditions_about_other_messages_are_refused(condition: str) -> None:
    with pytest.raises(RecipeError, match=r"condition of 'mine' looks at more than one message"):
        DecideWhen(name="mine", condition=condition)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("", "rule 'mine' has no condition"),
        ("words >", "condition of 'mine' cannot be read: 'words >'"),
        ("DROP TABLE x", "cannot be read"),
        ("words > 3; SELECT 1", "cannot be read"),
        ("1 = 1", "names no column"),
        ("sent_at < now()", "asks the clock or chance"),
        ("random() > 0.5", "asks the clock or chance"),
    ],
)
def test_conditions_that_cannot_be_are_refused_with_the_next_step(condition: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        DecideWhen(name="mine", condition=condition)


def test_the_words_of_the_clock_inside_a_text_are_no_clock() -> None:
    assert read_condition("text LIKE '%now() or random%'", "mine").columns == ("text",)


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    with pytest.raises(
        RecipeError, match="unknown column 'wrods' in condition of 'mine'; did you mean 'words'"
    ):
        check_rule(DecideWhen(name="mine", condition="wrods > 3"), COLUMNS)


@pytest.mark.parametrize("condition", ["words > 'x'", "text ~ '('", "text > 3"])
def test_types_that_do_not_fit_are_named_without_the_library_s_words(condition: str) -> None:
    with pytest.raises(RecipeError, match="does not fit the types of its columns") as caught:
        check_rule(DecideWhen(name="mine", condition=condition), COLUMNS)
    assert caught.value.__cause__ is None
    assert "polars" not in str(caught.value).lower()


def test_a_condition_that_gives_a_number_is_refused() -> None:
    with pytest.raises(RecipeError, match="gives UInt32, not yes or no"):
        check_rule(DecideWhen(name="mine", condition="words"), COLUMNS)


@pytest.mark.parametrize("name", ["", "decide_when", "Too Long", "9lives", "too-long"])
def test_a_rule_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(RecipeError, match="cannot be the name of a decide_when rule"):
        DecideWhen(name=name, condition="words > 3")


def test_an_expression_that_leans_on_other_rows_is_found_by_its_answers() -> None:
    class Leaning(DecideWhen):
        def decide_when(self) -> pl.Expr:
            return pl.col("words") > pl.col("words").mean()

    with pytest.raises(RecipeError, match="looks at more than one message"):
        check_rule(Leaning(name="mine", condition="words > 3"), COLUMNS)
