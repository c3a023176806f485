"""Plain-text transcripts: who speaks, where a conversation ends, and what is not guessed."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from curate.readers import digest, plan, read
from curate.readers.types import InputOptions
from tests.readers.reading import plan_of, read_all, reasons

TWO = "Human: Hi\nAssistant: Hello,\nhow are you?\nHuman: Fine\n\nHuman: Ho\nAssistant: Yes\n"


def said(tmp_path: Path, text: str, **options: object) -> list[list[tuple[str, str]]]:
    """Role and text of the messages of each conversation."""
    (tmp_path / "a.txt").write_bytes(text.encode())
    batch = read_all(tmp_path, **options)
    assert batch.records == batch.conversations + batch.quarantined.height
    found: list[list[tuple[str, str]]] = []
    for turn, role, content in batch.messages.select("turn", "role", "text").rows():
        if turn == 0:
            found.append([])
        found[-1].append((role, content))
    return found


EXPECTED = [
    [("user", "Hi"), ("assistant", "Hello,\nhow are you?"), ("user", "Fine")],
    [("user", "Ho"), ("assistant", "Yes")],
]


@pytest.mark.parametrize(
    "text",
    [
        TWO,
        TWO.replace("\n", "\r\n"),
        "\ufeff" + TWO,
        TWO.replace("\n\n", "\n---\n"),
        TWO.replace("\n\n", "\n\n==========\n\n"),
        "---\n" + TWO.replace("\n\n", "\n***\n") + "---\n",
        TWO.replace("Human", "User").replace("Assistant", "Agent"),
        TWO.replace("Human", "CLIENT").replace("Assistant", "Conseiller"),
        TWO.replace(": ", " : "),
        TWO.replace("\n\n", "\n\n\n\n"),
    ],
)
def test_an_empty_line_before_the_first_speaker_or_a_rule_opens_a_conversation(
    tmp_path: Path, text: str
) -> None:
    assert said(tmp_path, text) == EXPECTED


def test_a_file_without_a_border_is_one_conversation(tmp_path: Path) -> None:
    text = TWO.replace("\n\n", "\n")
    assert said(tmp_path, text) == [EXPECTED[0] + EXPECTED[1]]
    paragraphs = "Client: Hi\n\nAgent: Hello\n\nClient: Bye\n"
    assert said(tmp_path, paragraphs) == [[("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")]]


def test_the_name_read_stays_in_extra_and_a_heading_too(tmp_path: Path) -> None:
    text = (
        "=====\nTicket 12\n=====\nClient: Hi\nAgent: Hello\n=====\nTicket 13\n=====\nClient: Ho\nAgent: Yes\n"
    )
    assert said(tmp_path, text) == [
        [("user", "Hi"), ("assistant", "Hello")],
        [("user", "Ho"), ("assistant", "Yes")],
    ]
    extra = [json.loads(one) for one in read_all(tmp_path).messages["extra"]]
    assert extra[0] == {"heading": "Ticket 12\n=====", "role": "Client"}
    assert extra[1] == {"role": "Agent"}


def test_empty_lines_and_rules_inside_a_message_are_its_text(tmp_path: Path) -> None:
    text = "User: Code?\nAgent: First\n\nNote: this\n---\nThe end.\nUser: Thanks\n"
    assert said(tmp_path, text) == [
        [("user", "Code?"), ("assistant", "First\n\nNote: this\n---\nThe end."), ("user", "Thanks")]
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Client: a\n\nAgent: b\nClient: c\n\nClient: d\nAgent: e\n", "ambiguous: empty lines stand before"),
        ("Marie: a\nPaul: b\nMarie: c\nPaul: d\n", "lines begin with names that are no known role"),
        ("Client: a\nPaul: b\n" * 5 + "Agent: c\n", "lines begin with names that are no known role"),
    ],
)
def test_what_is_not_clear_goes_to_quarantine_whole_with_the_next_step(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "a.txt").write_text(text)
    made = plan_of(tmp_path)
    assert made.pieces == ()
    (told,) = made.quarantined["reason"]
    assert reason in told
    assert not any(name in told for name in ("Marie", "Paul"))


def test_names_that_are_mapped_are_speakers(tmp_path: Path) -> None:
    text = "Marie: Hi\nShop: Hello\n\nPaul: Ho\nShop: Yes\n"
    roles = {"Shop": "assistant", "*": "user"}
    assert said(tmp_path, text, roles=roles) == [
        [("user", "Hi"), ("assistant", "Hello")],
        [("user", "Ho"), ("assistant", "Yes")],
    ]


def test_a_rare_second_name_of_a_role_holds_its_conversation_only(tmp_path: Path) -> None:
    good = "Client: Hi\nAgent: Hello\n\n" * 10
    assert len(said(tmp_path, good + "Client: Hi\nAgent: Write to us.\nContact: the desk\n")) == 10
    assert reasons(read_all(tmp_path)) == [
        (11, "a line begins with 'contact:', which may be a speaker or a part of the text")
    ]


def test_an_empty_line_where_none_should_be_holds_its_conversation_only(tmp_path: Path) -> None:
    good = "Client: Hi\nAgent: Hello\n\n" * 60
    assert len(said(tmp_path, good + "Client: Hi\n\nAgent: Hello\n")) == 60
    assert [record for record, _ in reasons(read_all(tmp_path))] == [61]


def test_bytes_that_do_not_decode_hold_their_conversation_only(tmp_path: Path) -> None:
    raw = ("Client: é\nAgent: à\n\n" * 3).encode() + b"Client: caf\xff\nAgent: b\n\nClient: x\nAgent: y\n"
    (tmp_path / "a.txt").write_bytes(raw)
    batch = read_all(tmp_path, encoding="utf-8")
    assert batch.conversations == 4
    ((start, stop, held, record),) = batch.quarantined.select("start", "stop", "bytes", "record").rows()
    assert record == 4 and raw[start:stop] == held and b"\xff" in held


@pytest.mark.parametrize("rule", ["\n", "\n---\n", "\n====\nTicket\n====\n"])
@pytest.mark.parametrize("shard_bytes", [1, 100, 500])
def test_any_cut_gives_the_same(
    tmp_path: Path, shard_bytes: int, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curate.readers.ranges.CHUNK", 64)
    one = "Client: Hi {}\nAgent: Hello\nand more\nClient: Bye\n"
    (tmp_path / "a.txt").write_text(
        rule[1:] * (len(rule) > 1) + rule.join(one.format(at) for at in range(40))
    )
    options = [InputOptions(files=(str(tmp_path),))]
    whole = plan(options)
    cut = plan(options, shard_bytes)
    assert len(whole.pieces) == 1 and len(cut.pieces) > 3
    frames = [read(piece).messages for piece in cut.pieces]
    assert pl.concat(frames).equals(read(whole.pieces[0]).messages)
    assert len({digest(piece) for piece in cut.pieces}) == len(cut.pieces)


def test_tables_and_prose_are_no_transcripts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ticket;role;text\n1;user;Agent: who?\n1;agent;Client: you\n")
    (tmp_path / "README.md").write_text("User: you\nAgent: we\n")
    made = plan_of(tmp_path)
    assert [(look.container, look.schema) for look in made.detected] == [("csv", "messages")]
    assert made.skipped == ("README.md",)
