"""Each record schema: what a record is taken for, and every value of it found again in the table."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from curate.errors import RecipeError
from curate.readers.detect import claimed_by, detect
from curate.readers.exact import parse
from curate.readers.types import Unreadable
from tests.readers.reading import plan_of, read_all, reasons

CASES = Path(__file__).parent.parent / "cases" / "readers" / "records.jsonl"
RECORDS = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]


def read_one(tmp_path: Path, record: Any, **options: Any) -> Any:
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    return read_all(tmp_path, **options)


@pytest.mark.parametrize("case", RECORDS, ids=[case["why"] for case in RECORDS])
def test_a_record_is_read_as_expected(tmp_path: Path, case: dict[str, Any]) -> None:
    assert claimed_by(case["record"], {}) == [case["schema"]]
    batch = read_one(tmp_path, case["record"])
    assert reasons(batch) == []
    messages = batch.messages
    assert [list(row) for row in messages.select("role", "text").rows()] == case["rows"]
    if "id" in case:
        assert set(messages["conversation_id"]) == {case["id"]}
    if "sent_at" in case:
        shown = messages["sent_at"].dt.strftime("%Y-%m-%dT%H:%M:%S").to_list()
        assert shown == case["sent_at"]
    for column in ("parts", "extra", "author", "verdict"):
        if column in case:
            assert messages[column].to_list() == case[column], column


def test_what_was_read_as_masked_says_so(tmp_path: Path) -> None:
    masked = {"role": "assistant", "content": "No.", "weight": 0}
    row = read_one(tmp_path, {"messages": [masked]}).messages.row(0, named=True)
    assert (row["verdict"], row["decided_by"], row["evidence"]) == ("mask", "as_read", "weight 0 as read")


@pytest.mark.parametrize(("record", "reason"), [
    ({"messages": []}, "'messages' is empty: no message in the record"),
    ({"messages": "x"}, "'messages' is a string, must be a list of messages"),
    ({"messages": [{"role": "user", "content": "x"}, 5]}, "messages[1] is a number, must be an object"),
    ({"messages": [{"role": "user"}]}, "'content' is missing or null, and the message holds no tool call either"),
    ({"messages": [{"content": "x"}]}, "the role is missing: none of role, from, speaker"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, "unknown role 'wizard'; map it in roles of [[input]]"),
    ({"messages": [{"role": "a@b.c", "content": "x"}]}, "a role with an unknown name; map it in roles of [[input]]"),
    ({"messages": [{"role": "user", "content": [5]}]}, "content[0] is a number, must be an object or a string"),
    (5, "the record is a number, must be an object"),
])  # fmt: skip
def test_a_record_that_is_not_right_says_why(tmp_path: Path, record: Any, reason: str) -> None:
    good = json.dumps({"messages": [{"role": "user", "content": "Hi"}]})
    (tmp_path / "a.jsonl").write_text(
        f"{good}\n{json.dumps(record)}\n{good}\n{good}\n{good}\n{good}\n{good}\n"
    )
    assert reasons(read_all(tmp_path)) == [(2, reason)]


def test_the_users_own_names_are_taken(tmp_path: Path) -> None:
    record = {
        "ticket": 12345678901234567890,
        "messages": [{"who": "Kunde", "body": "Hallo"}, {"who": "Wir", "body": "Ja?"}],
    }
    options = {"conversation_id": "ticket", "role": "who", "text": "body"}
    roles = {"kunde": "user", "WIR": "assistant"}
    messages = read_one(tmp_path, record, format="openai", columns=options, roles=roles).messages
    assert messages.select("conversation_id", "role", "text").rows() == [
        ("12345678901234567890", "user", "Hallo"),
        ("12345678901234567890", "assistant", "Ja?"),
    ]


def test_a_role_mapped_to_no_role_of_ours_is_refused_before_any_file_is_read() -> None:
    with pytest.raises(RecipeError, match="unknown role 'usr'"):
        plan_of(CASES, roles={"x": "usr"})


OPENAI, SHAREGPT, PAIR = (case["record"] for case in (RECORDS[0], RECORDS[11], RECORDS[15]))


def test_a_file_is_judged_by_several_records() -> None:
    assert detect([{"a": 1}, *[OPENAI] * 9, SHAREGPT], "auto", {}) == "openai"


@pytest.mark.parametrize(("records", "names"), [
    ([OPENAI, SHAREGPT], "openai, sharegpt"),
    ([OPENAI, OPENAI, PAIR], "openai, pairs"),
    ([{**OPENAI, **PAIR}], "openai, pairs"),
])  # fmt: skip
def test_an_ambiguous_file_names_its_candidates(records: list[Any], names: str) -> None:
    with pytest.raises(Unreadable, match=f"ambiguous: its records fit {names}; set format"):
        detect(records, "auto", {})
    assert detect(records, "openai", {}) == "openai"


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(
        RecipeError, match=r"unknown format 'opneai' in \[\[input\]\]; did you mean 'openai'\?"
    ):
        plan_of(CASES, format="opneai")


@pytest.mark.parametrize(("content", "schema", "container"), [
    (json.dumps(OPENAI), "openai", "jsonl"),
    (json.dumps(OPENAI, indent=2), "openai", "json"),
    (json.dumps([OPENAI] * 2), "openai", "json"),
    (json.dumps({"data": [OPENAI] * 2}), "openai", "json"),
    (json.dumps({"version": 1, "data": [OPENAI], "more": {"a": []}}, indent=1), "openai", "json"),
    (json.dumps(OPENAI["messages"]), "openai", "json"),
    (json.dumps(OPENAI["messages"]) + "\n" + json.dumps(OPENAI["messages"]), "openai", "jsonl"),
    (json.dumps(SHAREGPT, indent=2), "sharegpt", "json"),
    ("\n\nHuman: Hi\n\nAssistant: Hello\n", "transcript", "text"),
])  # fmt: skip
def test_a_container_is_known_by_content(tmp_path: Path, content: str, schema: str, container: str) -> None:
    (tmp_path / "a.anything").write_text(content)
    look = plan_of(tmp_path).detected[0]
    assert (look.schema, look.container) == (schema, container)
    batch = read_all(tmp_path)
    assert batch.conversations >= 1
    beside = {"not read: it stands beside the array of records"}
    assert {reason for _, reason in reasons(batch)} == (beside if "version" in content else set())


def test_one_message_a_line_goes_by_conversation(tmp_path: Path) -> None:
    lines = [
        {"conversation_id": f"c{i % 3}", "turn": i // 3, "role": "user", "content": f"{i}"} for i in range(9)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    batch = read_all(tmp_path)
    assert batch.conversations == 3 and batch.records == 9
    assert batch.messages["text"].to_list() == ["0", "3", "6", "1", "4", "7", "2", "5", "8"]


@pytest.mark.parametrize("text", ["1", "-0", "1.10", "1e400", "12345678901234567890", "1E-7", "0.1e1"])
def test_numbers_are_kept_to_the_digit(text: str) -> None:
    from curate.readers.build import dumps

    assert Decimal(dumps(parse(text))).compare_total(Decimal(text)) == 0


def test_curated_output_reads_back_and_writes_the_same(tmp_path: Path) -> None:
    record = RECORDS[2]["record"]
    rows = read_one(tmp_path, record).messages
    again = [
        {"role": role, "content": text, **({"weight": 0} if verdict == "mask" else {})}
        for role, text, verdict in rows.select("role", "text", "verdict").rows()
    ]
    assert again == record["messages"]
    assert json.loads(rows["extra"][0])["tools"] == record["tools"]
