"""The fast path and the careful one give the same, and neither loses or alters anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curate.readers.records import RecordReader
from curate.readers.types import Batch, Look

PLAIN = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}


def line(**more: Any) -> bytes:
    return json.dumps({**more, **PLAIN}).encode()


HOSTILE: list[tuple[bytes, str]] = [
    (line(id="c1"), "plain"),
    (line(id=7), "integer id"),
    (line(id=0), "zero is an id"),
    (line(id=-0.0), "fraction is no id"),
    (b'{"id":-0,' + line()[1:], "minus zero keeps its sign"),
    (line(id=""), "empty id is none"),
    (line(id=None), "null id"),
    (line(id=True), "Boolean id"),
    (line(id=12345678901234567890), "20 digits"),
    (b'{"id":' + b"9" * 400 + b"," + line()[1:], "400 digits"),
    (b'{"id":1.0,' + line()[1:], "fraction"),
    (b'{"id":1e400,' + line()[1:], "beyond a float"),
    (line(id="a", conversation_id="b"), "two ids"),
    (line(score=1.10, tag="x"), "unknown fields of the record"),
    (b'{"score": NaN,' + line()[1:], "NaN as Python writes it"),
    (b'{"messages":[{"role":"user","content":"Hi","mood":"glad"}]}', "unknown field of a message"),
    (b'{"messages":[{"role":"user","content":5}]}', "content is a number"),
    (b'{"messages":[{"role":"user","content":null}]}', "content is null"),
    (b'{"messages":[{"role":"user","content":["a",{"type":"text","text":"b"}]}]}', "typed content"),
    (b'{"messages":[{"role":"user"}]}', "content is missing"),
    (b'{"messages":[{"content":"x"}]}', "role is missing"),
    (b'{"messages":[{"role":null,"content":"x"}]}', "role is null"),
    (b'{"messages":[{"role":"Human","content":"x"}]}', "role to be mapped"),
    (b'{"messages":[{"role":"user ","content":"x"}]}', "role with a space"),
    (b'{"messages":[{"role":"wizard","content":"x"}]}', "unknown role"),
    (b'{"messages":[{"role":"mary@example.com","content":"x"}]}', "unknown role that is not shown"),
    (b'{"messages":[{"role":"user","content":"a","content":"b"}]}', "key twice"),
    (b'{"messages":[{"role":"user","content" : "a","content":"b"}]}', "key twice, spaced"),
    (b'{"messages":[{"role":"user","content":"a","c\\u006fntent":"b\\": "}]}', "key twice, escaped"),
    (b'{"messages":[],' + line()[1:], "list twice"),
    (b'{"id":"a","id":"a\\\\",' + line()[1:], "id twice, with a backslash"),
    (b'{"messages":[{"role":"user","content":"quote \\" and \\": and \\\\"}]}', "escapes"),
    (b'{"messages":[{"role":"user","content":"\\ud800"}]}', "lone surrogate"),
    (b'{"messages":[{"role":"user","content":"\\udc00\\ud800"}]}', "two halves in the wrong order"),
    (b'{"messages":[{"role":"user","content":"\\ud83d\\ude00"}]}', "a pair"),
    (b'{"messages":[{"role":"user","content":"\\u0000"}]}', "NUL, escaped"),
    (b'{"messages":[{"role":"user","content":"a\x00b\tc"}]}', "NUL and tab, raw"),
    (b'{"messages":[{"role":"user","content":"\xff"}]}', "not UTF-8"),
    (b'{"messages":[{"role":"user","content":"\xed\xa0\x80"}]}', "surrogate in UTF-8"),
    (line() + b" " + line(), "two records"),
    (line() + b" oops", "text after"),
    (line() + b",", "comma after"),
    (line()[:-9], "cut off"),
    (b"oops", "no JSON"),
    (b"\xef\xbb\xbf" + line(), "mark in front"),
    (b"  " + line() + b"\r", "white space around"),
    (b"[]", "empty list"),
    (b'[{"role":"user","content":"Hi"}]', "a list of messages"),
    (b'"text"', "a string"),
    (b"null", "null"),
    (b"{}", "empty object"),
    (b'{"messages":{}}', "messages is an object"),
    (b'{"messages":[1]}', "a message is a number"),
    (b'{"messages":[{"role":"user","content":"x"},5]}', "the second message is a number"),
    (b"[" * 100_000, "nested too deeply"),
    (b'{"messages":' * 5000 + b"[]" + b"}" * 5000, "objects nested deeply"),
]


def read_lines(lines: list[bytes], schema: str, fast: bool) -> Batch:
    look = Look(path="a.jsonl", source="a.jsonl", container="jsonl", schema=schema)
    reader = RecordReader(look, fast=fast)
    for number, raw in enumerate(lines, 1):
        reader.read(raw, number, 100 * number)
    return reader.batch()


def assert_same(fast: Batch, careful: Batch) -> None:
    assert_frame_equal(fast.messages, careful.messages)
    assert_frame_equal(fast.quarantined, careful.quarantined)
    assert (fast.records, fast.conversations) == (careful.records, careful.conversations)


def test_hostile_lines_read_the_same_on_both_paths() -> None:
    lines = [raw for raw, _ in HOSTILE]
    assert_same(read_lines(lines, "openai", True), read_lines(lines, "openai", False))


@pytest.mark.parametrize(("raw", "why"), HOSTILE, ids=[why for _, why in HOSTILE])
def test_a_hostile_line_harms_no_neighbour(raw: bytes, why: str) -> None:
    batch = read_lines([line(id="before"), raw, line(id="after")], "openai", True)
    assert batch.records == 3 == batch.conversations + batch.quarantined.height
    ids = batch.messages["conversation_id"].to_list()
    assert (ids[0], ids[-1]) == ("before", "after")


def test_equal_ids_stay_two_conversations() -> None:
    messages = read_lines([line(id="c"), line(id="c")], "openai", True).messages
    assert messages["turn"].to_list() == [0, 1, 0, 1]


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(['"', '\\"', '":', "\\", '" :'])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS | st.decimals(allow_nan=False).map(float),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
_ROLES = st.sampled_from(["user", "assistant", "system", "tool", "Human", "gpt", "nobody"])
_MESSAGES = st.fixed_dictionaries(
    {"role": _ROLES, "content": _TEXTS | _VALUES}, optional={"name": _TEXTS, "weight": _VALUES, "x": _VALUES}
)
_PLAIN_MESSAGES = st.fixed_dictionaries({"role": _ROLES, "content": _TEXTS})
_RECORDS = st.fixed_dictionaries(
    {"messages": st.lists(_PLAIN_MESSAGES, max_size=4) | st.lists(_MESSAGES, max_size=4)},
    optional={"id": st.integers() | _TEXTS | _VALUES, "conversation_id": _TEXTS, "more": _VALUES},
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_RECORDS, max_size=6), st.booleans(), st.sampled_from([None, (",", ":"), (" , ", " : ")]))
def test_any_records_read_the_same_on_both_paths(
    records: list[Any], ascii_only: bool, separators: tuple[str, str] | None
) -> None:
    lines = [json.dumps(r, ensure_ascii=ascii_only, separators=separators).encode() for r in records]
    assert_same(read_lines(lines, "openai", True), read_lines(lines, "openai", False))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.fixed_dictionaries({"from": _ROLES, "value": _TEXTS}), max_size=4), st.integers() | _TEXTS)
def test_sharegpt_reads_the_same_on_both_paths(turns: list[Any], id: int | str) -> None:
    lines = [
        json.dumps(record).encode()
        for record in ({"id": id, "conversations": turns}, {"conversations": turns})
    ]
    assert_same(read_lines(lines, "sharegpt", True), read_lines(lines, "sharegpt", False))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 80))
def test_damaged_lines_read_the_same_on_both_paths(noise: bytes, at: int) -> None:
    whole = line(id="c1")
    lines = [whole[:at] + noise + whole[at:], whole[: at % len(whole)] + whole[(at + 3) % len(whole) :]]
    assert_same(read_lines(lines, "openai", True), read_lines(lines, "openai", False))


def test_the_fast_path_is_taken_for_plain_lines() -> None:
    reader = RecordReader(Look(path="", source="", container="jsonl", schema="openai"))
    assert reader._read_plain(line(id="c1"), 1)
    assert not reader._read_plain(line(tag="x"), 2)


def test_text_is_read_to_the_character() -> None:
    text = 'caf\u00e9 \U0001f600 \x00 \u2028 \\n " <b> \r\n end '
    raw = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
    for fast in (True, False):
        assert read_lines([raw], "openai", fast).messages["text"].item() == text
