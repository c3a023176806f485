"""strip_html: markup as plain text, code left alone, at rest after one run, alone and beside repair_unicode."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.markup.strip import strip
from curate.passes.repair_unicode import RepairUnicode
from curate.passes.strip_html import StripHtml
from curate.schema import messages
from curate.unicode.repair import repair

CASES = Path(__file__).parent.parent / "cases"


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text("utf-8").splitlines()]


PIECES = [
    *["<", ">", "&", "`", '"', "'", "\n", "é", "~~~", "```", "|", ">", "-"],
    *[
        "<b>",
        "</b>",
        "<p>",
        "</p>",
        "<br>",
        "<BR/>",
        "<div class='x'>",
        "</div>",
        "<ul>",
        "<li>",
        "</ul>",
        "<pre>",
    ],
    *[
        "</pre>",
        "<code>",
        "</code>",
        "```\n",
        "\n\n",
        "&lt;b&gt;",
        "&lt;",
        "&amp;",
        "&amp;lt;br&amp;gt;",
        "&#39;",
    ],
    *[
        "&eacute;",
        "&nbsp;",
        "&#8203;",
        "&Atilde;&copy;",
        "Ã©",
        "â€™",
        "\u200b",
        "\u00ad",
        "\x00",
        "\r\n",
        "<int>",
    ],
    *[
        "a<b",
        "c>d",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<blockquote>",
        "</blockquote>",
        "| a | b |",
        "word",
    ],
    *[
        "<a href='http://x.y/?a=1&lt;b'>",
        "</a>",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "html",
        "<h1>",
        "</h1>",
    ],
    *[
        "<span style='display:none'>",
        "</span>",
        "\ue000",
        "\U000e0041",
        "\u0301",
        "<\u200bb>",
        "<s>",
        "[INST]",
    ],
    *["On Monday 3 Ann wrote:\n", "> ", "<img alt='&lt;br&gt;' src=x>", "\x1d", "\u202e", " "],
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=60)


@pytest.mark.parametrize("case", cases("html"), ids=lambda case: case["why"])
def test_markup_becomes_plain_text(case: dict[str, str]) -> None:
    assert strip(case["original"]) == case["expected"]


@pytest.mark.parametrize("case", cases("html_negative"), ids=lambda case: case["original"][:30])
def test_text_that_only_looks_like_markup_is_left_alone(case: dict[str, str]) -> None:
    assert strip(case["original"]) == case["original"]


@pytest.mark.parametrize("case", cases("html"), ids=lambda case: case["why"])
def test_what_was_stripped_is_left_alone_by_a_second_run(case: dict[str, str]) -> None:
    assert strip(case["expected"]) == case["expected"]


def conversations() -> list[Any]:
    """Cases of whole conversations, those that fail today marked so."""
    return [
        pytest.param(
            case["messages"],
            id=f"{case['language']}: {case['why']}",
            marks=[pytest.mark.xfail(strict=True)] if case.get("known_failure") else [],
        )
        for case in cases("html_conversations")
    ]


def talk(said: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """One conversation as a message table."""
    roles, texts = [role for role, _ in said], [text for _, text in said]
    return messages({"conversation_id": ["a"] * len(said), "role": roles, "text": texts})


@pytest.mark.parametrize("said", conversations())
def test_markup_that_is_talked_of_or_asked_for_stays_and_mails_lose_theirs(
    said: list[dict[str, str]],
) -> None:
    out = StripHtml()(talk([(one["role"], one["text"]) for one in said]))
    assert out["text"].to_list() == [one.get("expected", one["text"]) for one in said]


def test_what_one_conversation_asks_for_spares_no_other() -> None:
    asked = talk([("user", "An HTML list, please."), ("assistant", "<ul><li>a</li></ul>")])
    other = talk([("user", "What now?"), ("assistant", "<ul><li>a</li></ul>")]).with_columns(
        conversation_id=pl.lit("b")
    )
    out = StripHtml()(pl.concat([asked, other]))
    assert out["text"].to_list()[1::2] == ["<ul><li>a</li></ul>", "- a"]


def test_a_question_that_comes_after_the_markup_spares_nothing() -> None:
    out = StripHtml()(talk([("assistant", "<p>We are closed.</p>"), ("user", "Is that HTML?")]))
    assert out["text"].to_list() == ["We are closed.", "Is that HTML?"]


def test_a_word_of_an_address_or_of_a_tag_asks_for_nothing() -> None:
    for question in ("My address is me@html.org", "<html><p>Hello</p></html>"):
        out = StripHtml()(talk([("user", question), ("assistant", "<p>We are <b>closed</b> today.</p>")]))
        assert out["text"][1] == "We are closed today."


ASKING = [
    *["HTML ", "which tag? ", "a page ", "Use <br> now ", "&lt;", "It&#39;s ", "code:\n", "h\u200btml "],
    *[
        "<style>html{}</style>",
        "<p>Dear Ann,</p>",
        "<p class=MsoNormal>x</p>",
        "<span style='display:none'>html</span>",
    ],
    *["<div class='a'>\n  <p>b</p>\n</div>", "On Monday 3 Ann wrote:\n", "> html\n"],
]
TURN = TEXTS | st.lists(st.sampled_from(ASKING), max_size=5).map("".join)
SAID = st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), TURN), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(SAID, st.booleans())
def test_a_second_run_over_a_conversation_changes_nothing(
    said: list[tuple[str, str]], drop_quoted: bool
) -> None:
    one = StripHtml(drop_quoted=drop_quoted)
    once = RepairUnicode()(one(talk(said)))["text"].to_list()
    again = talk(list(zip((role for role, _ in said), once, strict=True)))
    assert RepairUnicode()(one(again))["text"].to_list() == once


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.booleans())
def test_a_second_run_changes_nothing(text: str, without_quoted: bool) -> None:
    once = strip(text, without_quoted=without_quoted)
    assert strip(once, without_quoted=without_quoted) == once


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.booleans())
def test_stripping_then_repairing_comes_to_rest(text: str, without_quoted: bool) -> None:
    def chain(text: str) -> str:
        return repair(strip(text, without_quoted=without_quoted))

    assert chain(chain(text)) == chain(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_repairing_then_stripping_comes_to_rest(text: str) -> None:
    once = strip(repair(text))
    assert strip(repair(once)) == once


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.booleans())
def test_the_gate_misses_no_text_that_would_change(text: str, drop_quoted: bool) -> None:
    one = StripHtml(drop_quoted=drop_quoted)
    table = messages({"conversation_id": ["a"], "role": ["user"], "text": [text]})
    if not table.select(one.candidates()).item():
        assert one.rewrite(table["text"]).item() == text


@given(st.text(alphabet="ab<>=;()[]{}|&. \n", max_size=40))
@settings(max_examples=300, deadline=None)
def test_code_without_closed_tags_passes_byte_for_byte(text: str) -> None:
    if "</" not in text:
        assert strip(text) == text


def test_an_answered_message_goes_only_where_asked() -> None:
    mail = "It works now.\n\nOn Mon, 3 Feb 2025 at 10:02, Ann <ann@example.org> wrote:\n> It broke.\n> Help!"
    assert strip(mail) == mail
    assert strip(mail, without_quoted=True) == "It works now."
    french = "Merci !\n\nLe lun. 3 févr. 2025 à 10:02, Anne a écrit :\n> Bonjour"
    assert strip(french, without_quoted=True) == "Merci !"
    html = "<div>Thanks</div><div class='gmail_quote'>On Monday Ann wrote:<blockquote>old</blockquote></div>"
    assert strip(html, without_quoted=True) == "Thanks"


def test_an_answer_below_the_quoted_lines_is_kept() -> None:
    text = "Hi,\nOn Mon, 3 Feb 2025 Ann wrote:\n> It broke.\nIt works for me."
    assert strip(text, without_quoted=True) == text


def test_a_very_deep_page_is_stripped_by_its_tags() -> None:
    deep = "<div>" * 3000 + "inside<br>here" + "</div>" * 3000
    assert strip(deep) == "inside\nhere"


def test_hostile_tags_take_linear_time() -> None:
    for hostile in (
        "<a " * 20_000,
        "<" * 50_000,
        "<b x='" * 8_000,
        "`" * 30_000,
        "&" * 50_000,
        "<p>" * 4_000,
    ):
        assert strip(strip(hostile)) == strip(hostile)


def test_texts_that_hold_every_private_sign_are_left_alone() -> None:
    every = "".join(map(chr, (*range(0xF8F0, 0xF900), *range(0x10FF00, 0x10FFF0))))
    assert strip("<b>x</b>" + every) == "<b>x</b>" + every


def test_the_pass_marks_what_it_changed() -> None:
    table = messages({"conversation_id": ["a"] * 2, "role": ["user"] * 2, "text": ["a<br>b", "a<b"]})
    out = RepairUnicode()(StripHtml()(table))
    assert out["text"].to_list() == ["a\nb", "a<b"]
    assert out["original"].to_list() == ["a<br>b", None]
    assert out["changed_by"].to_list() == ["strip_html", None]
    assert out.schema["text"] == pl.String
