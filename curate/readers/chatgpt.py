"""ChatGPT's export (conversations.json): the whole tree of each conversation, not only what was last shown.

`mapping` holds the nodes, each with its parent; `current_node` is where the branch ends that the user saw
last: that one comes first. Nodes that are hidden and empty lend their fields to the next message. The custom
instructions (`user_editable_context`) are a system message. Source: the exports of 2023 to 2026 as users
publish their structure, and OpenAI's help page on exporting data; the format itself is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.readers.exact import kind
from curate.readers.schemas.base import Reading, Record
from curate.readers.schemas.fields import take_id
from curate.readers.times import microseconds
from curate.readers.trees import Node, add_branches, ways
from curate.readers.types import Unreadable

_CONTEXT = ("user_profile", "user_instructions")
_TEXTS = ("text", "result", "model_set_context")
"""Where content that has no `parts` keeps its text: code, execution_output, tether_browsing_display."""


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether the record holds a mapping of nodes.

    >>> claims({"mapping": {"n1": {"id": "n1", "message": None}}}, {})
    True
    """
    mapping = record.get("mapping")
    if not isinstance(mapping, dict) or not mapping:
        return False
    return all(
        isinstance(node, dict) and ("message" in node or "parent" in node) for node in mapping.values()
    )


def convert(record: Record, number: int, reading: Reading) -> None:
    """Add every branch of the record's tree. Raises Unreadable for a tree with a cycle or wrong types."""
    left = dict(record)
    mapping = left.pop("mapping")
    if not isinstance(mapping, dict):
        raise Unreadable(f"'mapping' is {kind(mapping)}, must be an object")
    if any(not isinstance(node, dict) for node in mapping.values()):
        raise Unreadable("a node of 'mapping' is not an object")
    nodes: dict[str, Node] = {}
    for name, node in mapping.items():
        message = node.get("message")
        if message is None:
            continue
        if not isinstance(message, dict):
            raise Unreadable(f"the message of a node is {kind(message)}, must be an object")
        nodes[name] = _node({"node": name, **message} if message.get("id") != name else message, reading)
        more = {key: node[key] for key in node if key not in ("id", "message", "parent", "children")}
        nodes[name].extra |= _filled({"node_fields": more} if more else {})
    parents = _parents(mapping)
    missing = sorted({parent for parent in parents.values() if parent is not None and parent not in mapping})
    children = _children(mapping, parents)
    roots = [name for name in mapping if parents[name] is None or parents[name] not in mapping]
    branches = _main_first(list(ways(children, roots)), left, nodes, parents, mapping)
    if len({name for branch in branches for name in branch}) < len(mapping):
        raise Unreadable("the tree of messages has a cycle")
    extra = _filled(left) | ({"missing_parents": missing} if missing else {})
    add_branches(reading, number, _id(left, extra, reading), extra, branches, nodes)


def _id(left: Record, extra: Record, reading: Reading) -> str | None:
    """The conversation's id, taken out of the fields that stay."""
    names = dict(left)
    found = take_id(names, reading)
    for key in [key for key in extra if key in left and (key not in names or left[key] == found)]:
        del extra[key]
    return found


def _parents(mapping: Mapping[str, Record]) -> dict[str, str | None]:
    """Each node's parent: by its own word, else by who lists it among its children."""
    listed = {
        child: name
        for name, node in mapping.items()
        for child in (node.get("children") if isinstance(node.get("children"), list) else ()) or ()
        if isinstance(child, str)
    }
    parents: dict[str, str | None] = {}
    for name, node in mapping.items():
        parent = node.get("parent")
        if parent is not None and not isinstance(parent, str):
            raise Unreadable(f"the parent of a node is {kind(parent)}, must be a string")
        parents[name] = parent if parent is not None else listed.get(name)
    return parents


def _children(mapping: Mapping[str, Record], parents: Mapping[str, str | None]) -> dict[str, list[str]]:
    """Each node's children, in the order it lists them; those it does not list come after."""
    children: dict[str, list[str]] = {}
    for name, node in mapping.items():
        listed = node.get("children")
        own = [child for child in listed if parents.get(child) == name] if isinstance(listed, list) else []
        children[name] = list(dict.fromkeys(own))
    for name, parent in parents.items():
        if parent is not None and parent in mapping and name not in children[parent]:
            children[parent].append(name)
    return children


def _main_first(
    branches: list[list[str]],
    left: Record,
    nodes: Mapping[str, Node],
    parents: Mapping[str, str | None],
    mapping: Mapping[str, Record],
) -> list[list[str]]:
    """The branches, the one that ends at `current_node` first; without one, that with the latest message."""
    current = left.get("current_node")
    if isinstance(current, str) and current in mapping:
        del left["current_node"]
        way: list[str] = []
        name: str | None = current
        while name in mapping and name is not None:
            way.append(name)
            name = parents[name]
            if len(way) > len(mapping):
                raise Unreadable("the tree of messages has a cycle")
        way.reverse()
        return [way, *(branch for branch in branches if branch != way)]

    def latest(branch: list[str]) -> int:
        return max((nodes[name].sent_at or 0 for name in branch if name in nodes), default=0)

    if not branches:
        return []
    main = max(branches, key=latest)
    return [main, *(branch for branch in branches if branch is not main)]


def _node(message: Record, reading: Reading) -> Node:
    """A message with its role, text and parts. Raises Unreadable."""
    left = dict(message)
    author = left.pop("author", None)
    author = dict(author) if isinstance(author, dict) else {"role": author}
    role = author.pop("role", None)
    if not isinstance(role, str):
        raise Unreadable(f"the author's role of a message is {kind(role)}, must be a string")
    content = left.pop("content", None)
    text, parts, stays = _content(content)
    ours = "system" if stays.get("content_type") == "user_editable_context" else reading.roles[role]
    name = author.pop("name", None)
    if ours == "tool" and isinstance(name, str):
        parts["name"] = name
        name = None
    elif not isinstance(name, str):
        author |= {"name": name}
        name = None
    recipient = left.pop("recipient", None)
    if recipient not in (None, "all"):
        parts["recipient"] = recipient
    sent_at = microseconds(left.get("create_time"))
    if sent_at is not None:
        del left["create_time"]
    extra = _filled({"role": role} if ours != role else {}) | _filled(left | {"author": _filled(author)})
    if stays:
        extra |= {"content": stays}
    hidden = not text and not parts and ours != "user"
    return Node(role=ours, text=text, author=name, sent_at=sent_at, parts=parts, extra=extra, hidden=hidden)


def _content(content: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Text, parts, and the fields of the content that are neither."""
    if content is None:
        return "", {}, {}
    if isinstance(content, str):
        return content, {}, {}
    if not isinstance(content, dict):
        raise Unreadable(f"the content of a message is {kind(content)}, must be an object")
    left = dict(content)
    what = left.get("content_type")
    parts: dict[str, Any] = {}
    texts: list[str] = []
    if "parts" in left:
        pieces = left.pop("parts")
        if not isinstance(pieces, list):
            raise Unreadable(f"'parts' of a content is {kind(pieces)}, must be a list")
        attachments = []
        for piece in pieces:
            if isinstance(piece, str):
                texts.append(piece)
            elif isinstance(piece, dict) and isinstance(piece.get("text"), str):
                texts.append(piece["text"])
                attachments.append({key: value for key, value in piece.items() if key != "text"})
            elif piece is not None:
                attachments.append(piece)
        parts |= {"attachments": attachments} if attachments else {}
    if what == "user_editable_context":
        texts += [left.pop(key) for key in _CONTEXT if isinstance(left.get(key), str) and left[key]]
    if what in ("thoughts", "reasoning_recap"):
        key = "thoughts" if what == "thoughts" else "content"
        parts |= {"reasoning": left.pop(key)} if left.get(key) else {}
    for key in _TEXTS:
        if not texts and isinstance(left.get(key), str):
            texts.append(left.pop(key))
    if what in ("text", "multimodal_text", None) or not _filled(left):
        left.pop("content_type", None)
    return "\n".join(texts), parts, _filled(left)


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: no nulls, no empty objects and lists."""
    return {name: value for name, value in fields.items() if value is not None and value not in ({}, [])}
