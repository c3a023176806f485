"""Content hashes: what makes two conversations say the same."""

from __future__ import annotations

import polars as pl
import pytest

from curate.dedup.conversations import CONVERSATIONS, conversation_table
from curate.schema import messages, number_conversations

BASE = [("user", "Hello there", None), ("assistant", "Hi! How can I help?", None)]
CALL = '{"tool_calls": [{"id": "call_%s", "function": {"name": "pay", "arguments": "{\\"id\\": \\"%s\\"}"}}]}'

SAME = [
    ("case and spaces", BASE, [("user", " hello  THERE", None), BASE[1]]),
    ("a system message", BASE, [("system", "Be kind.", None), *BASE]),
    ("ids drawn for calls", [("assistant", "", CALL % ("a1", "7"))], [("assistant", "", CALL % ("b2", "7"))]),
]
OTHER = [
    ("order", BASE, BASE[::-1]),
    ("role", BASE, [("tool", "Hello there", None), BASE[1]]),
    ("a border of messages", BASE, [("user", "Hello", None), ("user", " there", None), BASE[1]]),
    ("one message less", BASE, BASE[:1]),
    ("arguments of a call", [("assistant", "", CALL % ("a1", "7"))], [("assistant", "", CALL % ("a1", "8"))]),
    ("a call and a text", [("assistant", "{}", None)], [("assistant", "", "{}")]),
    ("parts at all", BASE, [BASE[0], ("assistant", "Hi! How can I help?", '{"name": "x"}')]),
]


def table_of(*conversations) -> pl.DataFrame:
    rows = [(str(number), *row) for number, turns in enumerate(conversations) for row in turns]
    ids, roles, texts, parts = (list(column) for column in zip(*rows, strict=True))
    frame = messages({"conversation_id": ids, "role": roles, "text": texts, "parts": parts})
    return conversation_table(number_conversations(frame))


@pytest.mark.parametrize(("what", "one", "two"), SAME)
def test_conversations_that_differ_in_what_is_no_evidence_say_the_same(what, one, two):
    table = table_of(one, two)
    assert table.select("content", "content_check", "characters").n_unique() == 1, what


@pytest.mark.parametrize(("what", "one", "two"), OTHER)
def test_conversations_that_differ_in_what_is_said_do_not(what, one, two):
    table = table_of(one, two)
    assert table["content"].n_unique() == table["content_check"].n_unique() == 2, what


def test_nothing_said_has_no_content():
    table = table_of([("system", "Be kind.", None)], [("user", " \n", None)], BASE)
    assert table["content"].to_list()[:2] == table["content_check"].to_list()[:2] == [0, 0]
    assert table["characters"].to_list() == [0, 0, 30]


def test_trees_are_hashed_and_no_tree_is_zero():
    frame = messages(
        {
            "conversation_id": ["a", "a", "b", "c", "d"],
            "tree": ["t", "t", "t", None, "u"],
            "role": ["user"] * 5,
            "text": ["x"] * 5,
        }
    )
    trees = conversation_table(number_conversations(frame))["tree"].to_list()
    assert trees[0] == trees[1] != trees[3]
    assert trees[2] == 0 != trees[3]


def test_the_table_has_its_columns_even_of_an_empty_batch():
    empty = number_conversations(messages({"conversation_id": [], "role": [], "text": []}))
    assert conversation_table(empty).schema == CONVERSATIONS
    assert conversation_table(empty).height == 0
    assert table_of(BASE).schema == CONVERSATIONS
