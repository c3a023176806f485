"""The curated set read back: folders, Parquet, JSONL; what is not a conversation is named by file and line."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
from pathlib import Path

import pytest

pyarrow = pytest.importorskip("pyarrow", reason="training reads Parquet with pyarrow")

from pyarrow import parquet

from train import slices, table
from train.errors import DataError
from train.records import content_hash, conversation, files, read

ROWS = [
    {
        "conversation_id": "a",
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo", "weight": 0}],
        "language": "en",
    },
    {"conversation_id": "b", "messages": [{"role": "assistant", "content": "Hello"}], "language": "fr"},
]


def test_parquet_of_a_run_and_json_lines_give_the_same_conversations(tmp_path: Path) -> None:
    (tmp_path / "out" / "curated").mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "out" / "curated" / "part-00000.parquet")
    (tmp_path / "set.jsonl").write_text("\n\n".join(json.dumps(row) for row in ROWS))
    from_run, from_lines = list(read(tmp_path / "out")), list(read(tmp_path / "set.jsonl"))
    assert from_run == from_lines
    assert from_run[0].measures == {"language": "en"}
    assert [message.learned for message in from_run[0].messages] == [False, False]
    assert content_hash(from_run) == content_hash(from_lines)


def test_the_first_ones_are_read_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text(json.dumps(ROWS[0]) + "\nnot json\n")
    assert [one.id for one in read(tmp_path / "set.jsonl", 1)] == ["a"]


BROKEN = [
    ("not json", "line 1 is not a JSON object"),
    ("[1]", "line 1 is not a JSON object"),
    ('{"text": "secret words"}', "record 1 has no 'messages'"),
    ('{"messages": [{"role": "poet", "content": "secret words"}]}', "record 1 has a role that is not one of"),
    ('{"messages": ["secret words"]}', "record 1 has a role"),
]


@pytest.mark.parametrize(("line", "sentence"), BROKEN)
def test_a_broken_record_is_named_without_its_text(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "set.jsonl").write_text(line)
    with pytest.raises(DataError, match=sentence) as caught:
        list(read(tmp_path / "set.jsonl"))
    assert "secret" not in str(caught.value)


def test_nothing_to_read_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="curate run"):
        files(tmp_path)
    (tmp_path / "x.csv").touch()
    with pytest.raises(DataError, match="Parquet"):
        files(tmp_path / "x.csv")


def test_the_content_hash_moves_with_weights_and_order() -> None:
    one, other = conversation("a", [("assistant", "x")]), conversation("a", [("assistant", "x", 0)])
    assert content_hash([one]) != content_hash([other])
    assert content_hash([one, other]) != content_hash([other, one])


def test_topics_and_sources_of_a_run_become_slices(tmp_path: Path) -> None:
    told = {
        "messages": [{"conversation_id": name, "source": f"{name}.json"} for name in "ab"],
        "topics": [
            {"conversation_id": "a", "topic": 0, "name": "refund · parcel"},
            {"conversation_id": "b", "topic": None, "name": None},
        ],
    }
    for folder, rows in told.items():
        (tmp_path / folder).mkdir()
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / folder / "part-00000.parquet")
    found = table.with_places([conversation(name, [("assistant", "x")]) for name in "abc"], tmp_path)
    assert [dict(one.measures) for one in found] == [
        {"source": "a.json", "topic": "refund · parcel"},
        {"source": "b.json"},
        {},
    ]
    assert slices.conversation_slices(found, [1, 1, 1])["topic"] == ["refund · parcel", None, None]
    assert table.with_places(found, tmp_path / "set.jsonl") == found
