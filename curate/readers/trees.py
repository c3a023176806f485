"""Conversations that branch: every way from the root to a leaf is a conversation, what they share is masked.

The main branch bears the export's id, the others `<id>~2`, `<id>~3`, ... in the order of their leaves. A
message that an earlier branch has too is masked, so that it is trained on once. All carry the export's id as
their `tree`, by which branches of one tree are told from duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from curate.readers.build import content_id, dumps
from curate.readers.schemas.base import Reading
from curate.readers.types import Unreadable

SHARED = "shared_branch"


@dataclass(kw_only=True)
class Node:
    """A message of a tree, ready to be added. One that is `hidden` and empty only lends its fields."""

    role: str
    text: str
    author: str | None = None
    sent_at: int | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    hidden: bool = False


def ways(children: Mapping[str, Sequence[str]], roots: Sequence[str]) -> Iterator[list[str]]:
    """Every way from a root to a leaf, leaves in the order of `children`; no recursion, trees may be deep.

    >>> list(ways({"a": ["b", "c"], "c": ["d"]}, ["a"]))
    [['a', 'b'], ['a', 'c', 'd']]
    """
    for root in roots:
        stack = [(root, 0)]
        way: list[str] = []
        while stack:
            name, depth = stack.pop()
            del way[depth:]
            way.append(name)
            below = children.get(name, ())
            if not below:
                yield list(way)
            stack += [(child, depth + 1) for child in reversed(below)]


def add_branches(
    reading: Reading,
    number: int,
    id: str | None,
    extra: Mapping[str, Any],
    branches: Sequence[Sequence[str]],
    nodes: Mapping[str, Node],
) -> None:
    """Add the branches, the main one first, as conversations.

    `extra` (unmapped fields of the record) goes to the first message of the main branch. A branch without a
    message of its own is left out. Raises Unreadable where no branch has a message.
    """
    told, unplaced = _told(branches, nodes)
    if not told:
        raise Unreadable("no message in the tree")
    if id is None:
        main = [nodes[name] for name, _ in told[0]]
        parts = [dumps(node.parts) for node in main if node.parts]
        texts = [node.text for node in main]
        id = content_id([node.role for node in main], texts, parts, reading.rows.source, number)
    first_in: dict[str, int] = {}  # told by number: the id of the export may hold a private value
    for place, branch in enumerate(told, 1):
        name_of_branch = id if place == 1 else f"{id}~{place}"
        left = dict(extra) | ({"hidden": unplaced} if unplaced else {}) if place == 1 else None
        reading.rows.open(number, id=name_of_branch, tree=id if len(told) > 1 else None, extra=left)
        for name, lent in branch:
            node = nodes[name]
            shared = first_in.get(name)
            reading.rows.add(
                node.role,
                node.text,
                author=node.author,
                sent_at=node.sent_at,
                parts=node.parts,
                extra=node.extra | {"hidden": lent} if lent else node.extra,
                masked=(SHARED, f"also in branch {shared}") if shared else None,
            )
            first_in.setdefault(name, place)


Told = list[tuple[str, list[dict[str, Any]]]]


def _told(branches: Sequence[Sequence[str]], nodes: Mapping[str, Node]) -> tuple[list[Told], list[Any]]:
    """The branches that have a message of their own, each message with the fields of empty ones before it.

    Also the fields of empty ones that no message follows.
    """
    told: list[Told] = []
    seen: set[str] = set()
    placed: set[str] = set()
    loose: dict[str, dict[str, Any]] = {}
    for branch in branches:
        way: Told = []
        waiting: list[str] = []
        for name in branch:
            if name not in nodes:
                continue
            if nodes[name].hidden:
                waiting.append(name)
                continue
            way.append((name, [nodes[before].extra for before in waiting if before not in placed]))
            placed.update(waiting)
            waiting = []
        loose |= {name: nodes[name].extra for name in waiting}
        if any(name not in seen for name, _ in way):
            told.append(way)
            seen.update(name for name, _ in way)
    return told, [fields for name, fields in loose.items() if name not in placed]
