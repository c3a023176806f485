"""Trees of replies, as Open Assistant publishes them: `{"prompt": {"text", "replies": [...]}}`.

Replies are taken by their rank where all are ranked, best first, else in file order; the first of each is the
main branch. Source: Köpf et al., OpenAssistant Conversations (2023), the files `*.trees.jsonl`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from curate.readers.exact import kind
from curate.readers.schemas.base import Reading, Record
from curate.readers.schemas.fields import take_author, take_sent_at, take_text, with_role_read
from curate.readers.times import microseconds
from curate.readers.trees import Node, add_branches, ways
from curate.readers.types import Unreadable

_ID = ("message_tree_id", "tree_id", "conversation_id", "id")


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether the record holds a first message with a list of replies.

    >>> claims({"message_tree_id": "t", "prompt": {"text": "Hi", "role": "prompter", "replies": []}}, {})
    True
    """
    prompt = record.get("prompt")
    return isinstance(prompt, dict) and isinstance(prompt.get("replies"), list) and "text" in prompt


def convert(record: Record, number: int, reading: Reading) -> None:
    """Add every way through the replies. Raises Unreadable."""
    left = dict(record)
    prompt = left.pop("prompt")
    if not isinstance(prompt, dict):
        raise Unreadable(f"'prompt' is {kind(prompt)}, must be an object")
    id = None
    for name in reading.name("conversation_id", *_ID):
        value = left.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            id = str(left.pop(name))
            break
    nodes: dict[str, Node] = {}
    children: dict[str, list[str]] = {}
    waiting: list[tuple[str, Any]] = [("0", prompt)]
    while waiting:
        name, message = waiting.pop()
        if not isinstance(message, dict):
            raise Unreadable(f"a reply is {kind(message)}, must be an object")
        replies = message.get("replies") or []
        if not isinstance(replies, list):
            raise Unreadable(f"'replies' is {kind(replies)}, must be a list")
        nodes[name] = _node(message, reading)
        below = [(f"{name}.{place}", reply) for place, reply in enumerate(_ranked(replies))]
        children[name] = [child for child, _ in below]
        waiting += below
    add_branches(reading, number, id, _said(left), list(ways(children, ["0"])), nodes)


def _ranked(replies: list[Any]) -> list[Any]:
    ranks = [reply.get("rank") if isinstance(reply, dict) else None for reply in replies]
    if all(isinstance(rank, (int, Decimal)) for rank in ranks):
        order = sorted(range(len(replies)), key=lambda place: (ranks[place], place))
        return [replies[place] for place in order]
    return replies


def _node(message: Record, reading: Reading) -> Node:
    left = {key: value for key, value in message.items() if key not in ("replies", "parent_id")}
    role = take_text(left, reading.name("role", "role"), "the role")
    text = take_text(left, reading.name("text", "text"), "the text")
    ours = reading.roles[role]
    sent_at, author = take_sent_at(left, reading), take_author(left, reading)
    if sent_at is None and (sent_at := microseconds(left.get("created_date"))) is not None:
        del left["created_date"]
    extra = with_role_read(_said(left), role, reading)
    return Node(role=ours, text=text, author=author, sent_at=sent_at, extra=extra)


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not null."""
    return {name: value for name, value in fields.items() if value is not None}
