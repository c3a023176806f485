"""quality and its deciders: what failed is found; short answers, lists, code, tables and any script are not."""

from __future__ import annotations

import random
import string

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.engine import apply
from curate.errors import RecipeError
from curate.passes.base import Decider
from curate.passes.cut_off_reply import CutOffReply
from curate.passes.echoed_prompt import EchoedPrompt
from curate.passes.empty_reply import EmptyReply
from curate.passes.failed_reply import FailedReply
from curate.passes.quality import Quality
from curate.passes.refused_reply import RefusedReply
from curate.passes.repair_unicode import RepairUnicode
from curate.passes.too_garbled import TooGarbled
from curate.passes.too_repetitive import TooRepetitive
from curate.quality.words import word_signals
from curate.schema import messages, number_conversations

DECIDERS: tuple[Decider, ...] = (
    EmptyReply(),
    FailedReply(),
    EchoedPrompt(),
    TooRepetitive(),
    TooGarbled(),
    CutOffReply(),
    RefusedReply(),
)

GOOD = [
    "Thanks, that fixed it!",
    "ok",
    "42",
    "Yes.",
    "No",
    "👍",
    "Bonjour",
    "你好，世界！",
    "はい、わかりました。",
    "ไม่เป็นไรครับ",
    "خواهش می‌کنم",
    "- eggs\n- milk\n- bread",
    "1. Open the box\n2. Take it out\n3. Plug it in",
    "def add(a, b):\n    return a + b",
    "```py\n" + "x = 1\n" * 60 + "```",
    "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
    "3.14159 26535 89793 23846 26433 83279",
    "hahahahaha",
    "hmmmmmmm",
    "thankssss soooo much",
    "https://example.org/asdfghjkl/qwertyuiop?x=zxcvbnm",
    "Rechtsschutzversicherung",
    "konsentrere, integrerer, mehrerer",
    "Angstschweiß, Sehnsucht, Herbststurm",
    "czwartek, szczęście, wstrząs",
    "HTTPS, XML, kubectl, nginx, strengths, rhythms",
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "None of them fits, sorry.",
    "Error 404 means that the page was not found.",
    "I can't believe it works! Thank you.",
    "Sorry for the delay. Your parcel left our warehouse today.",
    "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.",
    "The null value means that there is nothing.",
    "Use `null` here",
    "TODO lists help me to plan my day.",
]


def table(*said: tuple[str, str]) -> pl.DataFrame:
    return messages(
        {
            "conversation_id": ["a"] * len(said),
            "role": [role for role, _ in said],
            "text": [text for _, text in said],
        }
    )


def flags_of(reply: str, prompt: str = "Could you help me with this?") -> str:
    return apply([Quality(), *DECIDERS], table(("user", prompt), ("assistant", reply)))["flags"][1] or ""


@pytest.mark.parametrize("reply", GOOD)
def test_good_replies_are_not_decided_against(reply: str) -> None:
    assert flags_of(reply) == ""


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        ("", "empty_reply"),
        (" \n\t", "empty_reply"),
        ("\u200b\ufeff", "empty_reply"),
        ("[object Object]", "failed_reply"),
        ("undefined", "failed_reply"),
        ("502 Bad Gateway", "failed_reply"),
        ("Hmm...something seems to have gone wrong. Maybe try me again in a little bit.", "failed_reply"),
        ("Lorem ipsum dolor sit amet, consectetur", "failed_reply"),
        ("Une erreur s'est produite. Veuillez réessayer.", "failed_reply"),
        ("could you HELP me with this", "echoed_prompt"),
        ("I am here to help. " * 30, "too_repetitive"),
        ("no no no no " * 20, "too_repetitive"),
        ("我可以帮你处理这个订单的问题。" * 12, "too_repetitive"),
        ("sdkjfhskdjfh asdfghjk lkjhgf qwertyui", "too_garbled"),
        ("zzzzzzzzzzzzzzzzzzzz", "too_garbled"),
        ("\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd bon \ufffd\ufffd\ufffd", "too_garbled"),
        ("Here it is:\n```py\nprint(1)\n", "cut_off_reply"),
        (
            "One is this. Two is that. Three is another. " * 9
            + "And in the end we shall see that there was never any reason to believe what they had said to us about the",
            "cut_off_reply",
        ),
        ("I’m sorry, but I can’t help with that.", "refused_reply"),
        ("As an AI language model, I don't have personal opinions.", "refused_reply"),
        ("Désolé, mais je ne peux pas vous aider.", "refused_reply"),
    ],
)
def test_what_is_wrong_with_a_reply_is_found(reply: str, rule: str) -> None:
    assert flags_of(reply) == rule


def test_a_bad_reply_is_masked_and_the_conversation_stays() -> None:
    out = apply(
        [Quality(), *DECIDERS],
        table(("user", "Hi"), ("assistant", "undefined"), ("user", "?"), ("assistant", "Sorry! Hello.")),
    )
    assert out["verdict"].to_list() == ["keep", "mask", "keep", "keep"]
    assert out["decided_by"][1] == "failed_reply"
    assert out["evidence"][1] == "an error or a placeholder in place of a reply"


def test_evidence_tells_measure_and_limit() -> None:
    out = apply(
        [Quality(), TooRepetitive()], table(("user", "Hi"), ("assistant", "I am here to help. " * 30))
    )
    assert out["evidence"][1] == "repetition 0.97 > 0.75"


def test_what_users_say_is_not_judged_unless_asked() -> None:
    chat = table(
        ("user", "sdkjfhskdjfh asdfghjk lkjhgf qwertyui"), ("assistant", "Could you say that again?")
    )
    assert apply([Quality(), *DECIDERS], chat)["flags"].null_count() == 2
    assert apply([Quality(), TooGarbled(roles=("user",))], chat)["flags"].to_list() == ["too_garbled", None]


def test_a_reply_with_a_tool_call_is_not_empty() -> None:
    chat = messages(
        {"conversation_id": ["a"], "role": ["assistant"], "text": [""], "parts": ['{"tool_calls": []}']}
    )
    assert EmptyReply()(chat)["flags"].to_list() == [None]


def test_the_same_short_word_back_is_no_echo() -> None:
    assert flags_of("Hello!", prompt="hello") == ""


def test_an_echo_is_looked_for_within_a_conversation_only() -> None:
    said = "what is the capital of France"
    chat = messages({"conversation_id": ["a", "b"], "role": ["user", "assistant"], "text": [said, said]})
    assert apply([Quality(), EchoedPrompt()], chat)["flags"].null_count() == 2


def test_hidden_characters_are_counted_in_the_text_as_read() -> None:
    chat = table(
        ("user", "hi" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey")), ("assistant", "Hi")
    )
    assert apply([RepairUnicode(), Quality()], chat)["hidden_characters"].to_list() == [4, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Thanks, that fixed it!", 4),
        ("", 0),
        ("don’t stop", 2),
        ("你好，世界！", 4),
        ("a-b c_d", 4),
        ("👍 ok", 1),
        ("été à Noël", 3),
        ("привет мир", 2),
        ("안녕 하세요", 2),
        ("かな", 2),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert word_signals(pl.Series([text]))["words"].item() == words


def repetition(text: str) -> float:
    return float(word_signals(pl.Series([text]))["repetition"].item())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "dd"]), max_size=40))
def test_repetition_is_the_share_of_words_in_sequences_said_before(words: list[str]) -> None:
    seen: set[tuple[str, ...]] = set()
    covered: set[int] = set()
    for first in range(len(words) - 3):
        four = tuple(words[first : first + 4])
        if four in seen:
            covered |= set(range(first, first + 4))
        seen.add(four)
    expected = len(covered) / len(words) if words else 0.0
    assert repetition(" ".join(words)) == pytest.approx(expected, abs=1e-4)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8))
def test_signals_of_a_text_do_not_depend_on_its_neighbours(texts: list[str]) -> None:
    together = word_signals(pl.Series(texts, dtype=pl.String))
    apart = [word_signals(pl.Series([text])).row(0) for text in texts]
    assert together.rows() == apart


def test_columns_have_their_types_also_without_rows() -> None:
    empty = number_conversations(table(("user", "x")).clear())
    out = Quality().measure(empty)
    kinds = {
        "characters": pl.UInt32,
        "words": pl.UInt32,
        "repetition": pl.Float64,
        "garbled": pl.Float64,
        "hidden_characters": pl.UInt32,
    }
    assert out.schema == pl.Schema(
        kinds | dict.fromkeys(("echo", "failed", "refusal", "cut_off"), pl.Boolean)
    )
    assert Quality().measure(number_conversations(table(("assistant", "x")))).schema == out.schema


def test_random_lower_case_letters_are_mostly_garbled_and_words_never() -> None:
    dice = random.Random(7)
    noise = [" ".join("".join(dice.choices("asdfghjkl", k=9)) for _ in range(4)) for _ in range(50)]
    assert (word_signals(pl.Series(noise))["garbled"] > 0.5).mean() > 0.6
    known = [string.ascii_lowercase[:5], *GOOD]
    assert (word_signals(pl.Series(known).str.replace_all(r"\S+://\S+", ""))["garbled"] == 0).all()


def test_options_that_cannot_be_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"unknown role 'bot' in too_repetitive\.roles"):
        TooRepetitive(roles=("bot",))
    with pytest.raises(RecipeError, match=r"too_garbled\.limit is 50"):
        TooGarbled(limit=50)
