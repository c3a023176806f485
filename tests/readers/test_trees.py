"""Exports that branch: which conversations they give, and that no field of them is lost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.readers import InputOptions, chatgpt, oasst, plan, read
from curate.readers.build import MessageRows
from curate.readers.roles import RoleMap
from curate.readers.schemas.base import Reading
from curate.readers.types import Unreadable


def told(module: Any, record: dict[str, Any]) -> pl.DataFrame:
    reading = Reading(rows=MessageRows("a.json"), roles=RoleMap())
    module.convert(record, 1, reading)
    return reading.rows.frame()


def node(
    name: str, parent: str | None, role: str = "user", text: str | None = "", **more: Any
) -> dict[str, Any]:
    content = more.pop("content", {"content_type": "text", "parts": [name if text == "" else text]})
    message = None if text is None else {"id": name, "author": {"role": role}, "content": content, **more}
    return {"id": name, "parent": parent, "message": message}


def export(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "c1", "mapping": {one["id"]: one for one in nodes}, **more}


BRANCHED = export(
    node("root", None, text=None),
    node("q", "root"),
    node("old", "q", "assistant"),
    node("new", "q", "assistant"),
    node("thanks", "new"),
    current_node="thanks",
    title="A title",
)


def test_the_branch_seen_last_comes_first_and_what_others_share_is_masked() -> None:
    frame = told(chatgpt, BRANCHED)
    assert frame.select("conversation_id", "tree", "turn", "text", "verdict", "evidence").rows() == [
        ("c1", "c1", 0, "q", "keep", None),
        ("c1", "c1", 1, "new", "keep", None),
        ("c1", "c1", 2, "thanks", "keep", None),
        ("c1~2", "c1", 0, "q", "mask", "also in branch 1"),
        ("c1~2", "c1", 1, "old", "keep", None),
    ]
    assert frame["decided_by"].drop_nulls().unique().to_list() == ["shared_branch"]
    assert json.loads(frame["extra"][0]) == {"title": "A title", "id": "q"}


def test_a_conversation_without_branches_has_no_tree() -> None:
    frame = told(chatgpt, export(node("q", None), node("a", "q", "assistant")))
    assert frame["tree"].null_count() == frame.height == 2


def test_without_a_current_node_the_latest_branch_comes_first() -> None:
    old = node("old", "q", "assistant", create_time=Decimal("1704067200.5"))
    new = node("new", "q", "assistant", create_time=1704067300)
    frame = told(chatgpt, export(node("q", None), old, new))
    assert frame["text"].to_list() == ["q", "new", "q", "old"]
    assert frame["sent_at"].drop_nulls()[1].isoformat() == "2024-01-01T00:00:00.500000+00:00"


def test_a_current_node_in_the_middle_loses_none_of_what_follows() -> None:
    frame = told(
        chatgpt, export(node("q", None), node("a", "q", "assistant"), node("b", "a"), current_node="a")
    )
    assert frame.filter(pl.col("verdict") == "keep")["text"].to_list() == ["q", "a", "b"]


CONTENTS: list[tuple[str, str, dict[str, Any], str, dict[str, Any] | None]] = [
    ("code", "assistant", {"content_type": "code", "language": "python", "text": "1+1"}, "1+1", None),
    ("what code gave", "tool", {"content_type": "execution_output", "text": "2"}, "2", None),
    (
        "a picture",
        "user",
        {"content_type": "multimodal_text", "parts": [{"asset_pointer": "file://x"}, "Look", None]},
        "Look",
        {"attachments": [{"asset_pointer": "file://x"}]},
    ),
    (
        "speech",
        "user",
        {
            "content_type": "multimodal_text",
            "parts": [{"content_type": "audio_transcription", "text": "Hi", "direction": "in"}],
        },
        "Hi",
        {"attachments": [{"content_type": "audio_transcription", "direction": "in"}]},
    ),
    ("a page", "tool", {"content_type": "tether_quote", "url": "u", "text": "Quote"}, "Quote", None),
    (
        "a search",
        "tool",
        {"content_type": "tether_browsing_display", "result": "R", "summary": None},
        "R",
        None,
    ),
    (
        "thoughts",
        "assistant",
        {"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "c"}]},
        "",
        {"reasoning": [{"summary": "s", "content": "c"}]},
    ),
    (
        "custom instructions",
        "user",
        {
            "content_type": "user_editable_context",
            "user_profile": "I am Ann.",
            "user_instructions": "Be brief.",
        },
        "I am Ann.\n\nBe brief.".replace("\n\n", "\n"),
        None,
    ),
    ("two parts", "user", {"content_type": "text", "parts": ["a", "b"]}, "a\nb", None),
    ("an unknown type", "assistant", {"content_type": "canvas", "blob": {"x": 1}}, "", None),
]


@pytest.mark.parametrize(
    ("why", "role", "content", "text", "parts"), CONTENTS, ids=[case[0] for case in CONTENTS]
)
def test_content_of_every_type_is_read(
    why: str, role: str, content: dict[str, Any], text: str, parts: dict[str, Any] | None
) -> None:
    frame = told(chatgpt, export(node("n", None, role, content=content), node("end", "n")))
    row = frame.row(0, named=True)
    if why == "an unknown type":
        assert json.loads(row["extra"])["hidden"][0]["content"] == content
        return
    assert row["text"] == text
    assert (json.loads(row["parts"]) if row["parts"] else None) == parts
    everything = json.dumps([row["text"], row["parts"], row["extra"]])
    for value in content.values():
        if isinstance(value, str) and value not in ("text", "multimodal_text"):
            assert value in everything or json.dumps(value)[1:-1] in everything


def test_custom_instructions_are_a_system_message() -> None:
    content = {"content_type": "user_editable_context", "user_instructions": "Be brief."}
    frame = told(chatgpt, export(node("n", None, content=content), node("q", "n")))
    assert frame["role"].to_list() == ["system", "user"]
    assert json.loads(frame["extra"][0])["role"] == "user"


def test_hidden_empty_nodes_are_no_messages_but_their_fields_stay() -> None:
    hidden = node("s", None, "system", content={"content_type": "text", "parts": [""]}, weight=0)
    frame = told(chatgpt, export(hidden, node("q", "s")))
    assert frame["text"].to_list() == ["q"]
    assert json.loads(frame["extra"][0])["hidden"] == [{"id": "s", "weight": 0}]


def test_a_call_of_a_tool_keeps_who_was_called_and_who_answered() -> None:
    call = node("call", None, "assistant", recipient="python", content={"content_type": "code", "text": "1"})
    answer = node("answer", "call", "tool")
    answer["message"]["author"]["name"] = "python"
    frame = told(chatgpt, export(call, answer))
    assert frame["parts"].to_list() == ['{"recipient":"python"}', '{"name":"python"}']


def test_a_deleted_parent_makes_its_children_roots_and_is_named() -> None:
    frame = told(chatgpt, export(node("q", "gone"), node("a", "q", "assistant")))
    assert frame["text"].to_list() == ["q", "a"]
    assert json.loads(frame["extra"][0])["missing_parents"] == ["gone"]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("a cycle", export(node("a", "b"), node("b", "a")), "cycle"),
    ("a cycle below the current node", export(node("a", "b"), node("b", "a"), current_node="a"), "cycle"),
    ("its own parent", export(node("r", None), node("a", "a")), "cycle"),
    ("no message", export(node("root", None, text=None)), "no message in the tree"),
    ("an unknown role", export(node("a", None, "wizard")), "unknown role 'wizard'"),
    ("a number for content", export(node("a", None, content=5)), "the content of a message is a number"),
    ("a number for a role", export(node("a", None, role=5)), "role of a message is a number"),  # type: ignore[arg-type]
    ("a list for a node", {"mapping": {"a": []}}, "a node of 'mapping' is not an object"),
    ("a number for a parent", export(node("a", 5)), "the parent of a node is a number"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("why", "record", "reason"), BAD, ids=[case[0] for case in BAD])
def test_a_tree_that_is_none_is_refused(why: str, record: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        told(chatgpt, record)


def test_an_export_is_read_from_file_and_a_bad_conversation_does_not_stop_the_rest(tmp_path: Path) -> None:
    bad = export(node("a", "b"), node("b", "a"))
    (tmp_path / "conversations.json").write_text(json.dumps([BRANCHED, bad, {**BRANCHED, "id": "c2"}]))
    batches = [read(piece) for piece in plan([InputOptions(files=(str(tmp_path),))]).pieces]
    assert sum(batch.conversations for batch in batches) == 4
    assert [row for batch in batches for row in batch.quarantined.select("record", "reason").rows()] == [
        (2, "the tree of messages has a cycle")
    ]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.data())
def test_every_message_is_kept_exactly_once_whatever_the_tree(
    parents: list[int], data: st.DataObject
) -> None:
    nodes = [node("n0", None)] + [node(f"n{at}", f"n{min(up, at - 1)}") for at, up in enumerate(parents, 1)]
    current = data.draw(st.sampled_from([one["id"] for one in nodes]))
    frame = told(chatgpt, export(*nodes, current_node=current))
    kept = frame.filter(pl.col("verdict") == "keep")["text"]
    assert sorted(kept) == sorted(one["id"] for one in nodes)
    assert frame.filter(pl.col("conversation_id") == "c1")["text"][-1] == current
    up = {one["id"]: one["parent"] for one in nodes}
    for _, branch in frame.group_by("conversation_id", maintain_order=True):
        texts = branch["text"].to_list()
        assert [up[text] for text in texts] == [None, *texts[:-1]]


REPLIES = {
    "message_tree_id": "t1",
    "tree_state": "ready_for_export",
    "prompt": {
        "message_id": "p",
        "role": "prompter",
        "text": "Hi",
        "lang": "en",
        "replies": [
            {"role": "assistant", "text": "second", "rank": 1, "replies": []},
            {"role": "assistant", "text": "best", "rank": 0, "deleted": False, "replies": []},
        ],
    },
}


def test_replies_are_taken_by_rank_and_fields_stay() -> None:
    frame = told(oasst, REPLIES)
    assert frame.select("conversation_id", "text", "verdict").rows() == [
        ("t1", "Hi", "keep"),
        ("t1", "best", "keep"),
        ("t1~2", "Hi", "mask"),
        ("t1~2", "second", "keep"),
    ]
    assert json.loads(frame["extra"][0]) == {
        "tree_state": "ready_for_export",
        "role": "prompter",
        "message_id": "p",
        "lang": "en",
    }


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ({"role": "prompter", "text": 5, "replies": []}, "'text' is a number"),
        ({"role": "prompter", "text": "Hi", "replies": [5]}, "a reply is a number"),
        ({"role": "prompter", "text": "Hi", "replies": {"a": 1}}, "'replies' is an object"),
    ],
)
def test_replies_of_wrong_types_are_refused(prompt: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        told(oasst, {"prompt": prompt})
