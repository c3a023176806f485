"""Bad input: a quarantine row with file and record, or a clear error; the rest is read."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

from curate.errors import InputError
from curate.readers import look, read
from reports import evidence, words
from tests.readers.reading import plan_of, read_all, reasons


def record(id: str, text: str = "Hello there") -> str:
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": text}]
    return json.dumps({"id": id, "messages": messages})


def lines(count: int) -> bytes:
    return "".join(record(f"c{number}") + "\n" for number in range(count)).encode()


def test_a_malformed_line_is_one_row_with_its_line_and_bytes(tmp_path: Path) -> None:
    bad = b'{"messages": oops}'
    (tmp_path / "a.jsonl").write_bytes(lines(2) + bad + b"\n" + lines(1))
    batch = read_all(tmp_path)
    row = batch.quarantined.row(0, named=True)
    assert (row["source"], row["record"], row["bytes"]) == ("a.jsonl", 3, bad)
    assert (tmp_path / "a.jsonl").read_bytes()[row["start"] : row["stop"]] == bad
    assert row["reason"] == "not JSON at character 14"
    assert (batch.records, batch.conversations) == (4, 3)


def test_blank_lines_are_no_records_but_are_counted_as_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n" + lines(1) + b"   \r\n\n" + lines(1) + b"\n\n")
    batch = read_all(tmp_path)
    assert batch.records == 2
    assert batch.messages["record"].to_list() == [2, 2, 5, 5]


def test_a_wrong_type_names_the_key_and_never_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(record("a") + '\n{"messages": [{"role": "user", "content": 5}]}\n')
    assert reasons(read_all(tmp_path)) == [(2, "'content' is a number, must be a string")]


def test_a_20_digit_id_comes_back_digit_for_digit(tmp_path: Path) -> None:
    digits = "12345678901234567890"
    text = record("x").replace('"x"', digits)
    (tmp_path / "a.jsonl").write_text(
        text + "\n" + text.replace('{"id"', '{"tag": 98765432109876543210, "id"') + "\n"
    )
    messages = read_all(tmp_path).messages
    assert set(messages["conversation_id"]) == {digits}
    assert messages["extra"].drop_nulls().to_list() == ['{"tag":98765432109876543210}']


def test_a_lone_surrogate_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(record("a") + "\n" + record("b", "half \ud800 a character") + "\n")
    assert reasons(read_all(tmp_path)) == [(2, "lone surrogate (half a character) in messages[1].content")]


@pytest.mark.parametrize("nul", ["\\u0000", "\x00"])
def test_nul_stays_in_the_text(tmp_path: Path, nul: str) -> None:
    (tmp_path / "a.jsonl").write_text(record("a", "a@b").replace("@", nul) + "\n" + record("b") + "\n")
    assert read_all(tmp_path).messages["text"][1] == "a\x00b"


def test_two_records_on_a_line_are_one_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(record("a") + "\n" + record("b") + " " + record("c") + "\n")
    assert reasons(read_all(tmp_path)) == [(2, "two JSON values on one line")]


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_what_came_before_the_break_of_a_compressed_file_is_kept(tmp_path: Path, ending: str) -> None:
    packed = gzip.compress(lines(3000)) if ending == "gz" else zstandard.compress(lines(3000))
    whole, cut = tmp_path / f"whole.jsonl.{ending}", tmp_path / f"cut.jsonl.{ending}"
    whole.write_bytes(packed)
    cut.write_bytes(packed[:-20] if ending == "gz" else gzip_like_cut(packed))
    assert read_all(whole).conversations == 3000
    batch = read_all(cut)
    assert [reason for _, reason in reasons(batch)] == ["compressed data is damaged or ends early"]
    assert batch.records == batch.conversations + 1
    if ending == "gz":
        assert 2000 < batch.conversations <= 3000


def gzip_like_cut(packed: bytes) -> bytes:
    """One whole frame and half of a second: zstandard's own reader would end there without a word."""
    return packed + packed[: len(packed) // 2]


def test_a_break_at_the_very_start_refuses_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(3))[:12])
    (tmp_path / "b.jsonl").write_bytes(lines(1))
    batch = read_all(tmp_path)
    assert batch.quarantined.select("source", "reason").rows() == [
        ("a.jsonl.gz", "compressed data is damaged or ends early")
    ]
    assert batch.conversations == 1


def test_a_broken_gzip_is_read_the_same_in_pieces_of_any_size(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(500))[:-30])
    one, many = read_all(tmp_path), read_all(tmp_path, shard_bytes=3000)
    assert one.messages.equals(many.messages)
    assert one.quarantined.equals(many.quarantined)


@pytest.mark.parametrize("size", [3 << 20, pytest.param(50 << 20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("bad", [False, True])
def test_a_very_long_line_is_read_or_quarantined_alone(tmp_path: Path, size: int, bad: bool) -> None:
    long = record("long", "x" * size)[: -1 if bad else None]
    (tmp_path / "a.jsonl").write_text(f"{long}\n{record('after')}\n{record('last')}\n")
    batch = read_all(tmp_path, shard_bytes=1 << 20)
    assert batch.records == 3
    assert (
        batch.messages["conversation_id"].unique(maintain_order=True).to_list()
        == ["long", "after", "last"][bad:]
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b" \n\n", "nothing but white space"),
        (b"\x00" * 50, "not a chat log: no text"),
        (b"%PDF-1.7 ...", "not a chat log: a PDF"),
        (b"[]", "an empty list"),
        (b"{}", "not a chat log: no known schema fits its records (keys: none); allowed in format: "),
        (
            b'{"a": 1}\n{"a": 2}\n',
            "not a chat log: no known schema fits its records (keys: a); allowed in format: ",
        ),
        (b"{oops\n{oops\n", "not JSON, though it begins like it"),
    ],
)
def test_a_file_that_holds_no_chat_is_one_row_and_the_rest_runs(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "odd").write_bytes(content)
    (tmp_path / "good.jsonl").write_bytes(lines(1))
    batch = read_all(tmp_path)
    assert batch.conversations == 1
    row = batch.quarantined.row(0, named=True)
    assert (row["source"], row["record"]) == ("odd", None)
    assert row["reason"].startswith(reason)


def test_documentation_is_told_and_not_dropped(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Logs\n\nExported in May.\n")
    (tmp_path / "a.jsonl").write_bytes(lines(1))
    assert plan_of(tmp_path).skipped == ("README.md",)
    assert reasons(read_all(tmp_path)) == []


def test_an_empty_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("x")
    with pytest.raises(InputError, match="nothing to read in"):
        plan_of(tmp_path)


@pytest.mark.parametrize("name", ["missing.jsonl", "*.nothing"])
def test_a_missing_input_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=name.replace("*", "\\*")):
        plan_of(tmp_path / name)


def test_a_file_that_vanishes_is_one_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(2))
    pieces = plan_of(tmp_path).pieces
    (tmp_path / "a.jsonl").unlink()
    batch = read(pieces[0])
    assert reasons(batch) == [(1, "file vanished after it was looked at")]
    assert batch.messages.height == 0


def test_a_file_that_shrinks_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(3))
    pieces = plan_of(tmp_path).pieces
    (tmp_path / "a.jsonl").write_bytes(lines(2))
    assert reasons(read(pieces[0])) == [(3, "file changed while it was being read")]


def test_a_damaged_archive_is_one_row(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.jsonl", lines(50))
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[: len(whole) // 2])
    assert reasons(read_all(tmp_path)) == [(None, "archive is damaged or cut off")]


def test_an_array_that_is_cut_off_loses_its_last_element_only(tmp_path: Path) -> None:
    elements = ",\n".join(record(f"c{number}") for number in range(5))
    (tmp_path / "a.json").write_text(f"[{elements}"[:-20])
    batch = read_all(tmp_path)
    assert batch.conversations == 4
    assert reasons(batch) == [(5, "JSON ends before its end: the record is cut off")]


def test_text_after_an_array_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f"[\n{record('a')},\n{record('b')}\n]\noops")
    batch = read_all(tmp_path)
    assert batch.conversations == 2
    assert reasons(batch) == [(None, "not read: it stands beside the array of records")]


def test_no_reason_holds_text_of_the_log(tmp_path: Path) -> None:
    secret = "mary.jones@example.com"
    bad = [
        f'{{"messages": [{{"role": "{secret}", "content": "x"}}]}}',
        f'{{"messages": [{{"role": "user", "content": {{"{secret}": 1}}}}]}}',
        f'{{"{secret}": "{secret}',
        f'{{"{secret}": "\\ud800", "messages": []}}',
        f'{{"{secret}": 1, "{secret}": 2}}',
        f'"{secret}"',
        secret,
    ]
    (tmp_path / "a.jsonl").write_text(record("a") + "\n" + "\n".join(bad) + "\n" + (record("b") + "\n") * 9)
    batch = read_all(tmp_path)
    assert batch.quarantined.height == len(bad)
    assert not batch.quarantined.filter(pl.col("reason").str.contains("mary|example"))["reason"].to_list()


def test_an_array_of_one_element_a_line_is_an_array(tmp_path: Path) -> None:
    first, second = (line.strip() for line in lines(2).splitlines())
    (tmp_path / "two.json").write_bytes(b"[" + first + b",\n " + second + b"]")
    assert read_all(tmp_path).conversations == 2


def test_a_chat_applications_export_is_told_with_the_next_step(tmp_path: Path) -> None:
    text = "12/03/2025, 09:14:30 - Ann: Hi\n12/03/2025, 09:15:02 - Shop: Hello\n"
    (tmp_path / "chat.txt").write_text(text)
    (reason,) = plan_of(tmp_path).quarantined["reason"]
    assert "conversation_id, sent_at, author, role, text" in reason


SLACK = [
    {"type": "message", "subtype": "channel_join", "user": "U1", "text": "joined", "ts": "1772000000.000100"},
    {"type": "message", "user": "U1", "text": "Error 809?", "ts": "1772000100.000100", "role": "x"},
    {"type": "message", "bot_id": "B2", "text": "Try again.", "ts": "1772000160.000100"},
]
AUTHOR = {"id": "7", "name": "leo", "isBot": False}
DISCORD = {
    "guild": {"id": "1"},
    "channel": {"id": "2", "name": "help"},
    "messages": [{"id": "10", "type": "Default", "content": "Hello?", "author": AUTHOR}],
}


@pytest.mark.parametrize(("name", "told"), [("Slack", SLACK), ("Discord", DISCORD)])
def test_an_export_of_slack_or_discord_is_told_in_one_sentence_with_the_way_out(
    name: str, told: object, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(told))
    (said,) = plan_of(tmp_path).quarantined["reason"]
    assert said.startswith("looks like a")
    for word in (name, "not read yet", "conversation_id, role, text", "columns and roles of [[input]]"):
        assert word in said
    assert evidence.reason(said, words.load("fr")) != said


def test_a_discord_export_is_known_though_its_messages_do_not_end_in_the_head(tmp_path: Path) -> None:
    message = {"content": "word " * 1000, "author": {"name": "leo"}}
    (tmp_path / "a.json").write_text(json.dumps({**DISCORD, "messages": [message] * 300}))
    assert (tmp_path / "a.json").stat().st_size > look.HEAD
    assert "Discord" in plan_of(tmp_path).quarantined["reason"][0]


def test_what_the_recipe_says_of_a_slack_export_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(SLACK[1:2]))
    columns = {"conversation_id": "ts", "role": "user", "text": "text"}
    batch = read_all(tmp_path, format="messages", columns=columns, roles={"U1": "user"})
    assert batch.messages["text"].to_list() == ["Error 809?"]


def test_rows_that_only_look_a_little_like_slack_are_read(tmp_path: Path) -> None:
    row = {"type": "message", "conversation_id": "c", "role": "user", "text": "Hi", "ts": "2026-01-01"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    assert read_all(tmp_path).messages["text"].to_list() == ["Hi"]
