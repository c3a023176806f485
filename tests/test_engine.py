"""The engine: what it marks, how far decisions reach, what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import pytest

from curate import schema
from curate.engine import apply
from curate.passes.base import Decider, Measure, Rewrite, above
from curate.passes.nothing_to_train import NothingToTrain


@dataclass(frozen=True, kw_only=True)
class Shout(Rewrite):
    name: ClassVar[str] = "shout"
    seen: ClassVar[list[list[str]]] = []

    def candidates(self) -> pl.Expr:
        return pl.col("text").str.contains("!", literal=True)

    def rewrite(self, texts: pl.Series) -> pl.Series:
        self.seen.append(texts.to_list())
        return texts.str.to_uppercase()


@dataclass(frozen=True, kw_only=True)
class Loudness(Measure):
    name: ClassVar[str] = "loudness"

    def columns(self) -> dict[str, pl.Expr]:
        return {"loudness": pl.col("text").str.count_matches("!").cast(pl.Float64)}


@dataclass(frozen=True, kw_only=True)
class TooLoud(Decider):
    name: ClassVar[str] = "too_loud"
    limit: float = 1.0

    def decide_when(self) -> pl.Expr:
        return pl.col("loudness") > self.limit

    def evidence(self) -> pl.Expr:
        return above("loudness", self.limit)


def chat(*conversations: str) -> pl.DataFrame:
    """Conversations as `u:text|a:text`."""
    roles = {"u": "user", "a": "assistant", "s": "system", "t": "tool"}
    rows = [(f"c{i}", roles[t[0]], t[2:]) for i, c in enumerate(conversations) for t in c.split("|")]
    ids, names, texts = zip(*rows, strict=True)
    return schema.messages({"conversation_id": list(ids), "role": list(names), "text": list(texts)})


def test_a_rewrite_sees_only_its_candidates_and_keeps_the_text_as_read() -> None:
    Shout.seen.clear()
    out = apply([Shout()], chat("u:hi|a:hello!", "u:OK!"))
    assert Shout.seen == [["hello!", "OK!"]]
    assert out["text"].to_list() == ["hi", "HELLO!", "OK!"]
    assert out["original"].to_list() == [None, "hello!", None]
    assert out["changed_by"].to_list() == [None, "shout", None]


def test_the_first_text_stays_the_original_when_two_rewrites_change_it() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Calm(Shout):
        name: ClassVar[str] = "calm"

        def rewrite(self, texts: pl.Series) -> pl.Series:
            return texts.str.replace_all("!", ".", literal=True)

    out = apply([Shout(), Calm()], chat("u:hey!"))
    assert out.select("text", "original", "changed_by").row(0) == ("HEY.", "hey!", "shout calm")


@pytest.mark.parametrize(
    ("scope", "verdicts"),
    [
        ("message", ["keep", "keep", "keep", "drop", "keep", "keep"]),
        ("exchange", ["keep", "keep", "drop", "drop", "keep", "keep"]),
        ("tail", ["keep", "keep", "keep", "drop", "drop", "drop"]),
        ("conversation", ["drop"] * 6),
    ],
)
def test_a_decision_reaches_as_far_as_its_scope(scope: str, verdicts: list[str]) -> None:
    table = chat("u:q|a:r|u:q|a:r!!|u:q|a:r", "u:fine|a:fine")
    out = apply([Loudness(), TooLoud(scope=scope)], table)  # type: ignore[arg-type]
    assert out["verdict"].to_list() == [*verdicts, "keep", "keep"]
    assert out["flags"].to_list() == [None, None, None, "too_loud", None, None, None, None]
    reached = ["loudness 2.00 > 1.00" if t == 3 else "turn 3: loudness 2.00 > 1.00" for t in range(6)]
    expected = [r if v == "drop" else None for r, v in zip(reached, verdicts, strict=True)]
    assert out["evidence"].to_list() == [*expected, None, None]
    assert out["decided_by"].to_list() == ["too_loud" if e else None for e in expected] + [None, None]


def test_verdicts_only_rise_and_the_first_to_reach_the_height_is_named() -> None:
    @dataclass(frozen=True, kw_only=True)
    class VeryLoud(TooLoud):
        name: ClassVar[str] = "very_loud"

    table = chat("u:q|a:r!!!")
    first_mask = [Loudness(), TooLoud(then="mask", scope="message"), VeryLoud(limit=2, then="drop")]
    out = apply(first_mask, table)
    assert out["decided_by"].to_list() == ["very_loud", "very_loud"]
    out = apply([Loudness(), VeryLoud(limit=2), TooLoud(then="mask")], table)
    assert out["verdict"].to_list() == ["drop", "drop"]
    assert out["decided_by"].to_list() == ["very_loud", "very_loud"]
    assert out["flags"].to_list() == [None, "very_loud too_loud"]


def test_a_pass_that_only_flags_changes_no_verdict() -> None:
    out = apply([Loudness(), TooLoud(then="flag")], chat("u:q|a:r!!"))
    assert out["verdict"].to_list() == ["keep", "keep"]
    assert out["flags"].to_list() == [None, "too_loud"]


def test_a_conversation_with_every_answer_masked_is_dropped_and_one_without_answers_is_kept() -> None:
    table = chat("u:q|a:r!!", "u:q|a:r!!|u:q|a:fine", "u:alone")
    out = apply([Loudness(), TooLoud(then="mask", scope="message"), NothingToTrain()], table)
    assert out["verdict"].to_list() == ["drop", "drop", "keep", "mask", "keep", "keep", "keep"]
    assert out["decided_by"].to_list()[:2] == ["nothing_to_train", "nothing_to_train"]


def test_a_dear_measure_is_not_asked_about_dropped_rows() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Dear(Loudness):
        name: ClassVar[str] = "dear"
        dear: ClassVar[bool] = True

        def columns(self) -> dict[str, pl.Expr]:
            return {"letters": pl.col("text").str.len_chars()}

    out = apply([Loudness(), TooLoud(), Dear()], chat("u:a|a:b!!", "u:c|a:dd"))
    assert out["letters"].to_list() == [None, None, 1, 2]


def test_an_empty_table_passes_through_every_kind_of_pass() -> None:
    out = apply([Shout(), Loudness(), TooLoud(), NothingToTrain()], chat("u:x").clear())
    assert out.height == 0
    assert "loudness" in out.columns


def test_a_pass_that_breaks_the_contract_is_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Eater(Shout):
        name: ClassVar[str] = "eater"

        def rewrite(self, texts: pl.Series) -> pl.Series:
            return texts.head(0)

    @dataclass(frozen=True, kw_only=True)
    class Forger(Loudness):
        name: ClassVar[str] = "forger"

        def columns(self) -> dict[str, pl.Expr]:
            return {"verdict": pl.lit("keep")}

    with pytest.raises(ValueError, match="'eater' gave 0 String"):
        apply([Eater()], chat("u:x!"))
    with pytest.raises(ValueError, match="'forger' may add columns, not write verdict"):
        apply([Forger()], chat("u:x!"))


def test_a_batch_gives_what_its_conversations_give_alone() -> None:
    table = chat("u:q|a:r!!", "u:x!|a:y", "u:q|a:r|u:s!|a:t!!!")
    passes = [Shout(), Loudness(), TooLoud(scope="tail", then="mask"), NothingToTrain()]
    whole = apply(passes, table)
    apart = pl.concat([apply(passes, part) for part in table.partition_by("conversation_id")])
    assert whole.equals(apart)
