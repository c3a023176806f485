"""Sums of losses by message, and the slices that they are shown by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from train.records import ROLES, Conversation
from train.render import CALL, CONTENT, END, Array, Rendered

ASSISTANT = ROLES.index("assistant")


@dataclass(frozen=True)
class Cells:
    """One row a message that was scored; every array [rows].

    conversation: index; role: index in ROLES; depth: how many messages of its role came before; target: the
    message is learned (an assistant's that is not masked); nll, tokens: over all its scored tokens, its end
    of turn included; text_nll, bytes: over those that stand for text. `exact`: bytes are those of the source
    text, token by token; if not, text is counted by message.
    """

    conversation: Array
    role: Array
    depth: Array
    target: Array
    nll: Array
    tokens: Array
    text_nll: Array
    bytes: Array
    exact: bool

    def sums(self, chosen: Array, conversations: int) -> Array:
        """[conversations, 4] of float64: nll, tokens, text_nll, bytes of the chosen rows, by conversation."""
        index = self.conversation[chosen]
        told = (self.nll, self.tokens, self.text_nll, self.bytes)
        return np.stack([np.bincount(index, part[chosen], conversations) for part in told], 1)


COLUMNS = ("conversation", "role", "depth", "target", "nll", "tokens", "text_nll", "bytes")


def wanted(one: Rendered) -> Array:
    """The tokens that can be scored [n]: what people wrote and ends of turn, no headers and no stand-ins."""
    mask: Array = np.isin(one.kind, (CONTENT, END, CALL)) & (one.message >= 0)
    mask[:1] = False
    return mask


def cells(
    conversations: Sequence[Conversation],
    rendered: Sequence[Rendered],
    scored: Sequence[Array],
    losses: Sequence[Array],
    bytes_of: Array | None,
) -> Cells:
    """The sums by message. `scored` says which tokens of `losses` count; `bytes_of` [V] bytes of each id."""
    exact = bytes_of is not None and all(
        whole(one, tokens, bytes_of) for one, tokens in zip(conversations, rendered, strict=True)
    )
    parts: list[tuple[Array, ...]] = []
    for number, (one, tokens) in enumerate(zip(conversations, rendered, strict=True)):
        size = len(one.messages)
        place = tokens.message[scored[number]]
        nll = losses[number][scored[number]].astype(np.float64)
        ids, kind = tokens.ids[scored[number]], tokens.kind[scored[number]]
        if exact and bytes_of is not None:
            weight = bytes_of[ids].astype(np.float64)
            text: Array = weight > 0
            size_of: Array = np.bincount(place, weight, size)
        else:
            text = kind == CONTENT
            said = np.array([len(m.content.encode("utf-8", "replace")) for m in one.messages], np.float64)
            size_of = said * share_scored(tokens, scored[number], size)
        columns = (
            np.bincount(place, nll, size),
            np.bincount(place, minlength=size).astype(np.float64),
            np.bincount(place[text], nll[text], size),
            size_of,
        )
        seen = np.flatnonzero(columns[1])
        roles = np.array([ROLES.index(m.role) for m in one.messages])
        depth = np.array([int((roles[:n] == role).sum()) for n, role in enumerate(roles)])
        learned = np.array([m.learned for m in one.messages])
        parts.append(
            (
                *(np.full(len(seen), number), roles[seen], depth[seen], learned[seen]),
                *(column[seen] for column in columns),
            )
        )
    kinds = (np.int64, np.int64, np.int64, bool, *(np.float64,) * 4)
    joined: list[Any] = [
        np.concatenate([part[n] for part in parts]) if parts else np.zeros(0, kind)
        for n, kind in enumerate(kinds)
    ]
    told = dict(zip(COLUMNS, joined, strict=True))
    return Cells(**told, exact=exact)


def share_scored(tokens: Rendered, scored: Array, size: int) -> Array:
    """Share of each message's content tokens that were scored: stand-ins and first tokens are not."""
    content = (tokens.message >= 0) & (tokens.kind != END) & (tokens.kind != CALL)
    whole = np.bincount(tokens.message[content], minlength=size)
    part = np.bincount(tokens.message[content & scored], minlength=size)
    shares: Array = part / np.maximum(whole, 1)
    return shares


def whole(one: Conversation, tokens: Rendered, bytes_of: Array) -> bool:
    """Whether each message's ids stand for exactly its bytes, give or take spaces that the template adds or
    trims at its ends (messages with tool calls are spread over a template and taken as they are)."""
    said = (tokens.message >= 0) & (tokens.kind != END) & (tokens.kind != CALL)
    sizes = np.bincount(tokens.message[said], bytes_of[tokens.ids[said]], len(one.messages))
    for message, size in zip(one.messages, sizes.tolist(), strict=True):
        if message.tool_calls or message.role == "tool":
            continue
        full = len(message.content.encode("utf-8", "replace"))
        least = len(message.content.strip().encode("utf-8", "replace"))
        if not least <= size <= full + 1:
            return False
    return True


DEPTHS = ((0, "1"), (1, "2"), (2, "3-4"), (4, "5-8"), (8, "9 and later"))
TOXICITY = (
    (0.0, "under 0.05"),
    (0.05, "0.05-0.2"),
    (0.2, "0.2-0.5"),
    (0.5, "0.5-0.8"),
    (0.8, "0.8 and over"),
)
LENGTHS = ((0, "under 64"), (64, "64-255"), (256, "256-1023"), (1024, "1024-4095"), (4096, "4096 and over"))
NAMED = {
    "language": ("conversation_language", "language"),
    "source": ("source",),
    "topic": ("topic",),
}
"""Slices by a text measure: the columns that may hold it, best first."""


def band(value: float, bands: Sequence[tuple[float, str]]) -> str:
    """The name of the band that a value lies in.

    >>> band(0.3, TOXICITY), band(3, DEPTHS)
    ('0.2-0.5', '3-4')
    """
    return [name for least, name in bands if value >= least][-1]


def conversation_slices(
    conversations: Sequence[Conversation], lengths: Sequence[int]
) -> dict[str, list[str | None]]:
    """The slice of each conversation by kind: language, source, topic, toxicity, length in tokens."""
    told: dict[str, list[str | None]] = {}
    for kind, columns in NAMED.items():
        values = [first_text(one.measures, columns) for one in conversations]
        if any(value is not None for value in values):
            told[kind] = values
    toxic = [one.measures.get("toxicity") for one in conversations]
    if any(isinstance(value, float) for value in toxic):
        told["toxicity"] = [band(v, TOXICITY) if isinstance(v, float) else None for v in toxic]
    told["length"] = [band(length, LENGTHS) for length in lengths]
    return told


def first_text(measures: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """The first of the columns that holds a text."""
    return next((measures[name] for name in columns if isinstance(measures.get(name), str)), None)


def each(told: Cells, kinds: Mapping[str, Sequence[str | None]]) -> Iterator[tuple[str, str, Array]]:
    """Every slice as (kind, name, which rows): by role all that was scored, by the others only targets."""
    for code, role in enumerate(ROLES):
        rows = told.role == code
        if code == ASSISTANT and (rows & ~told.target).any():
            yield "role", "assistant, shown only", rows & ~told.target
            rows = rows & told.target
        if rows.any():
            yield "role", role, rows
    depths = np.array([band(one, DEPTHS) for one in told.depth.tolist()], object)
    for _, name in DEPTHS:
        rows = told.target & (depths == name)
        if rows.any():
            yield "turn", name, rows
    orders = {"toxicity": [name for _, name in TOXICITY], "length": [name for _, name in LENGTHS]}
    for kind, values in kinds.items():
        of_rows = np.array(values, object)[told.conversation] if len(told.conversation) else np.zeros(0)
        present = {value for value in values if value is not None}
        for name in orders.get(kind, sorted(present)):
            rows = told.target & (of_rows == name)
            if rows.any():
                yield kind, name, rows
