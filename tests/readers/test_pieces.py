"""Any cut, any order of files, any packing: the same messages."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.readers import digest, read
from curate.readers.elements import Separators, split
from tests.readers.reading import plan_of, read_all

RECORDS = [
    {
        "id": f"c{number}",
        "messages": [
            {"role": "user", "content": f'Question {number}: caf\u00e9, \u201cquoted\u201d, {{[\\"]}}'},
            {"role": "assistant", "content": "word " * (number % 40)},
        ],
    }
    for number in range(200)
]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)
ARRAY = json.dumps(RECORDS, ensure_ascii=False, indent=1)
WRAPPED = json.dumps({"data": RECORDS}, ensure_ascii=False)


@pytest.mark.parametrize("text", [LINES, LINES[:-1], "\n" + LINES.replace("\n", "\n\n"), ARRAY, WRAPPED])
@pytest.mark.parametrize("shard_bytes", [1, 700, 5000])
def test_any_shard_size_reads_the_same(tmp_path: Path, text: str, shard_bytes: int) -> None:
    file = tmp_path / "a.data"
    file.write_text(text, encoding="utf-8")
    whole, cut = read_all(file), read_all(file, shard_bytes=shard_bytes)
    assert whole.conversations == len(RECORDS) and whole.quarantined.height == 0
    assert whole.messages.equals(cut.messages)
    assert (whole.records, whole.conversations) == (cut.records, cut.conversations)


def test_pieces_are_about_as_big_as_asked(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(LINES, encoding="utf-8")
    pieces = plan_of(tmp_path, shard_bytes=5000).pieces
    longest = max(len(line.encode()) + 1 for line in LINES.splitlines())
    assert all(5000 <= piece.weight < 5000 + longest for piece in pieces[:-1])
    assert [piece.stop for piece in pieces[:-1]] == [piece.start for piece in pieces[1:]]
    assert pieces[-1].stop == (tmp_path / "a.jsonl").stat().st_size


@pytest.mark.parametrize("text", [LINES, ARRAY])
@pytest.mark.parametrize("packing", ["gz", "two gz members", "zst", "two zst frames", "zip", "gz in zip"])
def test_packed_files_read_as_plain_ones(tmp_path: Path, text: str, packing: str) -> None:
    data = text.encode()
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(data)
    half = len(data) // 2
    if packing.endswith("zip"):
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner/a.json", gzip.compress(data) if packing == "gz in zip" else data)
    else:
        pack = gzip.compress if "gz" in packing else zstandard.compress
        parts = (data[:half], data[half:]) if packing.startswith("two") else (data,)
        packed.write_bytes(b"".join(map(pack, parts)))
    expected = read_all(plain).messages.drop("source")
    for shard_bytes in (3000, 1 << 20):
        assert read_all(packed, shard_bytes=shard_bytes).messages.drop("source").equals(expected)


@pytest.mark.parametrize("text", [LINES, ARRAY])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_found(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a").write_bytes(text.encode(encoding))
    expected = [message["content"] for record in json.loads(ARRAY) for message in record["messages"]]
    for shard_bytes in (4000, 1 << 20):
        batch = read_all(tmp_path, shard_bytes=shard_bytes)
        assert batch.messages["text"].to_list() == expected
        assert batch.quarantined.height == 0


def test_latin_1_is_read_to_the_byte(tmp_path: Path) -> None:
    line = '{"messages": [{"role": "user", "content": "d\u00e9j\u00e0 vu \u00e0 No\u00ebl"}]}\n'
    (tmp_path / "a.jsonl").write_bytes(line.encode("latin-1") * 3)
    assert read_all(tmp_path).messages["text"].to_list() == ["d\u00e9j\u00e0 vu \u00e0 No\u00ebl"] * 3


def test_half_a_character_in_utf_16_costs_one_line(tmp_path: Path) -> None:
    lines = LINES.splitlines(keepends=True)[:4]
    packed = [line.encode("utf-16-le") for line in lines]
    packed[2] = packed[2].replace("Q".encode("utf-16-le"), b"\x00\xd8")
    (tmp_path / "a.jsonl").write_bytes(b"".join(packed))
    batch = read_all(tmp_path)
    assert batch.conversations == 3
    assert batch.quarantined["record"].to_list() == [3]


def test_the_order_of_arguments_changes_nothing(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.jsonl").write_text(LINES.replace('"c', f'"{name}'), encoding="utf-8")
    names = [tmp_path / f"{name}.jsonl" for name in "abc"]
    assert plan_of(names, shard_bytes=9000).pieces == plan_of(names[::-1], shard_bytes=9000).pieces


def test_a_conversation_without_id_keeps_its_first_half_wherever_it_lies(tmp_path: Path) -> None:
    line = json.dumps({"messages": RECORDS[5]["messages"]}) + "\n"
    (tmp_path / "a.jsonl").write_text(line * 2)
    (tmp_path / "b.jsonl").write_text(line)
    ids = read_all(tmp_path).messages["conversation_id"].unique(maintain_order=True).to_list()
    assert len(ids) == 3 and len({id.split(".")[0] for id in ids}) == 1


@pytest.mark.parametrize("limit", [0, 1, 7, 150, 200, 999])
def test_a_limit_gives_the_first_conversations(tmp_path: Path, limit: int) -> None:
    (tmp_path / "a.jsonl").write_text("oops\n" + LINES, encoding="utf-8")
    whole = read_all(tmp_path).messages
    for shard_bytes in (4000, 1 << 20):
        batch = read_all(tmp_path, shard_bytes=shard_bytes, limit=limit)
        assert batch.conversations == min(limit, 200)
        assert batch.messages.equals(whole.head(2 * limit))
        assert batch.records == batch.conversations + batch.quarantined.height


def test_plans_travel_to_other_processes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(LINES, encoding="utf-8")
    piece = plan_of(tmp_path, shard_bytes=4000).pieces[1]
    assert read(pickle.loads(pickle.dumps(piece))).messages.equals(read(piece).messages)


def test_a_digest_follows_the_content_and_not_the_folder(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "a.jsonl").write_text(LINES, encoding="utf-8")
    one, two = (plan_of(folder, shard_bytes=9000).pieces for folder in folders)
    assert [digest(piece) for piece in one] == [digest(piece) for piece in two]
    assert len({digest(piece) for piece in one}) == len(one)
    with (folders[1] / "a.jsonl").open("r+b") as stream:
        stream.seek(20)
        stream.write(b"X")
    changed = [digest(a) != digest(b) for a, b in zip(one, two, strict=True)]
    assert changed == [True] + [False] * (len(one) - 1)


_JSON = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('ab"\\[]{},: \u00e9'), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(_JSON, max_size=5), st.booleans(), st.integers(1, 7))
def test_elements_are_cut_where_json_ends_them(elements: list[object], spaced: bool, size: int) -> None:
    data = json.dumps(elements, indent=1 if spaced else None).encode()[1:]
    assert [json.loads(raw) for _, raw in split(data)] == elements
    assert all(data[place : place + len(raw)] == raw for place, raw in split(data))
    finder = Separators(depth=1)
    found = [
        pair
        for at in range(0, len(data), size)
        if not finder.closed
        for pair in finder.feed(data[at : at + size])
    ]
    assert found == Separators(depth=1).feed(data)
