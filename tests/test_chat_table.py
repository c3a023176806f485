"""Why chat needs its own sieve: each row of the table in the README, on whole runs of the default recipe."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import curate

SYSTEM = (
    "You are the assistant of the Banque des Halles, a retail bank with branches in ten towns. Answer in the "
    "customer's language, in at most six sentences. Never give a balance, never promise a "
    "refund, never ask for a card number or a password. For lost or stolen cards give the emergency number at "
    "once. For loans and mortgages offer an appointment with an adviser. If you do not know, say so "
    "and hand over to a colleague. Opening hours are Tuesday to Saturday, nine to five."
)
BANK = [
    ("How do I raise the limit of my debit card for a trip?", "In the app, under Cards, you can raise it for up to 30 days."),
    ("My card was swallowed by the machine in Rue Monge.", "Please block it in the app; a new one reaches you in four days."),
    ("Can I open an account for my daughter, she is twelve?", "Yes, with both parents' signatures and her identity card."),
    ("What does a transfer to Canada cost?", "Twelve euros, and the other bank may take a fee as well."),
    ("I moved. Where do I change my address?", "Under Profile, then Contact details; upload a bill not older than 3 months."),
    ("Is the branch in Lille open on Monday?", "No, all branches are closed on Mondays."),
    ("Why was I charged 8 euros on the third?", "That is the quarterly fee for your second card."),
    ("I would like to talk about a mortgage.", "Gladly: shall I arrange an appointment with an adviser?"),
    ("Do you change Swiss francs?", "Only in the Lyon and Annecy branches, up to 2,000 francs a day."),
    ("How long are cheques valid?", "One year and eight days from the date written on them."),
    ("Someone called and asked for my code, was it you?", "No, we never ask for codes. Please change yours now."),
    ("Can I get statements on paper?", "Yes, for two euros a month; you choose it under Documents."),
]  # fmt: skip
SHORT = ["Thanks!", "ok", "Parfait, merci", "See you", "No", "Why not?", "42", "Oui"]


def curated(folder: Path, conversations: list[list[tuple[str, str]]], **options: object) -> pl.DataFrame:
    """The messages of a run of the default recipe on these conversations of (role, content)."""
    lines = [
        json.dumps(
            {"id": f"c{i}", "messages": [{"role": r, "content": t} for r, t in one]}, ensure_ascii=False
        )
        for i, one in enumerate(conversations)
    ]
    (folder / "log.jsonl").write_text("\n".join(lines), "utf-8")
    return curate.run(folder / "log.jsonl", folder / "out", workers=1, **options).messages.collect()  # type: ignore[arg-type]


def kept(table: pl.DataFrame) -> int:
    return table.filter((pl.col("turn") == 0) & (pl.col("verdict") != "drop")).height


def test_twelve_bank_chats_under_one_system_prompt_stay_twelve(tmp_path: Path) -> None:
    assert len(SYSTEM.split()) == 87
    chats = [[("system", SYSTEM), ("user", q), ("assistant", a)] for q, a in BANK]
    assert kept(curated(tmp_path, chats)) == 12


def test_eight_different_messages_of_fewer_than_five_words_stay(tmp_path: Path) -> None:
    assert kept(curated(tmp_path, [[("user", text)] for text in SHORT])) == 8


@pytest.mark.parametrize(
    ("sets", "left"),
    [((), 3), (("exact_duplicates.keep_all_below=50", "near_duplicates.keep_all_below=50"), 120)],
)
def test_of_120_short_messages_with_3_distinct_3_stay_or_all_by_choice(
    tmp_path: Path, sets: tuple[str, ...], left: int
) -> None:
    assert kept(curated(tmp_path, [[("user", SHORT[i % 3])] for i in range(120)], sets=sets)) == left


@pytest.mark.parametrize(
    "text",
    [
        "if a<b and c>d: print(a)",
        "if a<b and c>d",
        "vector<int> v; Map<String, List<Integer>> m",
        "你好，世界！",
        "Thanks, that fixed it!",
        "Use <br> to break lines",
    ],
)
def test_code_scripts_and_short_answers_pass_unchanged(tmp_path: Path, text: str) -> None:
    table = curated(tmp_path, [[("user", f"About {text}"), ("assistant", text)]])
    assert table["text"].to_list() == [f"About {text}", text]
    assert table["verdict"].to_list() == ["keep", "keep"]
    assert table["changed_by"].null_count() == 2


def test_a_block_of_html_that_is_the_answer_passes_and_a_mail_in_html_becomes_text(tmp_path: Path) -> None:
    block = '<div class="wrap">\n  <p>child</p>\n</div>'
    mail = ("user", "<p>Hello,</p><p>where is my order?</p>")
    table = curated(
        tmp_path, [[("user", "Center a paragraph in a block, please."), ("assistant", block)], [mail]]
    )
    assert table["text"].to_list()[1:] == [block, "Hello,\n\nwhere is my order?"]


def test_one_persons_address_three_times_has_one_stand_in(tmp_path: Path) -> None:
    mail = "bob@example.com"
    table = curated(
        tmp_path,
        [
            [
                ("user", f"Mail me at {mail} / {mail} right?"),
                ("assistant", f"Yes, {mail.title()} or amy@example.org"),
            ]
        ],
    )
    assert table["text"].to_list() == [
        "Mail me at <EMAIL_1> / <EMAIL_1> right?",
        "Yes, <EMAIL_1> or <EMAIL_2>",
    ]


def test_a_rude_user_who_is_answered_well_stays(tmp_path: Path) -> None:
    table = curated(tmp_path, [[("user", "You stupid piece of shit, where is my order?"), ("assistant", "I am sorry. It left our depot this morning.")]])  # fmt: skip
    assert table["verdict"].to_list() == ["keep", "keep"]
    assert table["flags"].null_count() == 2
