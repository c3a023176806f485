"""strip_html: markup as plain text, code left alone, at rest after one run, alone and beside repair_unicode."""

from __future__ import annotations

import json
from pathlib import Path

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


def cases(name: str) -> list[dict[str, str]]:
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
