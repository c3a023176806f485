"""The message table from per-message values: column lists, never a dict a row.

A reader opens a conversation, adds its messages, and goes on; `frame()` gives schema.MESSAGES.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np
import polars as pl

from curate.schema import MESSAGES, ROLE, ROLES, VERDICT

_CODES = {role: code for code, role in enumerate(ROLES)}
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode


def dumps(value: Any) -> str:
    """Compact JSON text, keys in the order given, numbers (int, Decimal) digit for digit.

    >>> from decimal import Decimal
    >>> dumps({"id": Decimal("12345678901234567890"), "ok": True})
    '{"id":12345678901234567890,"ok":true}'
    """
    return _ENCODE(value).decode()


def content_id(
    roles: Sequence[str], texts: Sequence[str], parts: Sequence[str], source: str, record: int
) -> str:
    """The id of a conversation whose export names none: `<hash of content>.<hash of source and record>`.

    The first part is the same wherever the file lies. `parts` are the non-null ones, in order.

    >>> content_id(["user"], ["Hi"], [], "a.jsonl", 1).split(".")[0] == content_id(
    ...     ["user"], ["Hi"], [], "b.jsonl", 7
    ... ).split(".")[0]
    True
    """
    content = "\x1d".join(("\x1e".join(roles), "\x1e".join(texts), "\x1e".join(parts)))
    where = blake2b(f"{source}#{record}".encode(), digest_size=4).hexdigest()
    return f"{blake2b(content.encode(), digest_size=8).hexdigest()}.{where}"


class MessageRows:
    """Columns of messages growing conversation by conversation.

    >>> rows = MessageRows("support.jsonl")
    >>> rows.open(1, id="c1", extra={"channel": "web"})
    >>> rows.add("user", "Hi")
    >>> rows.add("assistant", "Hello", extra={"role": "bot"})
    >>> rows.frame().select("conversation_id", "turn", "role", "extra").rows()
    [('c1', 0, 'user', '{"channel":"web"}'), ('c1', 1, 'assistant', '{"role":"bot"}')]
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._ids: list[str | None] = []  # one a conversation; null: from its content
        self._trees: list[str | None] = []
        self._records: list[int] = []
        self._starts: list[int] = []  # row of its first message
        self._pending: Mapping[str, Any] | None = None  # the record's extra, waiting for its first message
        self._roles: list[str] = []
        self._texts: list[str] = []
        self._sparse: dict[str, dict[int, Any]] = {name: {} for name in _SPARSE}

    def __len__(self) -> int:
        """Messages so far."""
        return len(self._texts)

    @property
    def conversations(self) -> int:
        """Conversations so far."""
        return len(self._starts)

    def open(
        self,
        record: int,
        *,
        id: str | None = None,
        tree: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Open a conversation; `extra` (unmapped fields of the record) goes to its first message."""
        self._ids.append(id)
        self._trees.append(tree)
        self._records.append(record)
        self._starts.append(len(self._texts))
        self._pending = extra

    def add(
        self,
        role: str,
        text: str,
        *,
        author: str | None = None,
        sent_at: int | None = None,
        parts: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        record: int | None = None,
        masked: tuple[str, str] | None = None,
    ) -> None:
        """Add a message to the open conversation.

        `role` is one of ours; `sent_at` microseconds since 1970 in UTC; `record` differs from the
        conversation's where each message is a record; `masked` is (decided_by, evidence) of a message that
        was read as masked. Empty `parts` and `extra` become null.
        """
        row = len(self._texts)
        self._roles.append(role)
        self._texts.append(text)
        if self._pending:
            extra = merge_extra(self._pending, extra)
            self._pending = None
        self._put(row, "author", author)
        self._put(row, "sent_at", sent_at)
        self._put(row, "parts", dumps(parts) if parts else None)
        self._put(row, "extra", dumps(extra) if extra else None)
        self._put(row, "record", record)
        if masked:
            self._put(row, "verdict", "mask")
            self._put(row, "decided_by", masked[0])
            self._put(row, "evidence", masked[1])

    def extend(
        self,
        record: int,
        id: str | None,
        roles: Sequence[str],
        texts: Sequence[str],
        extras: Sequence[str | None] | None = None,
    ) -> None:
        """Add a whole conversation that has roles and texts (and extras already as JSON) and nothing more."""
        row = len(self._texts)
        self._ids.append(id)
        self._trees.append(None)
        self._records.append(record)
        self._starts.append(row)
        self._pending = None
        self._roles.extend(roles)
        self._texts.extend(texts)
        if extras:
            self._sparse["extra"].update((row + at, extra) for at, extra in enumerate(extras) if extra)

    def rewind(self, conversations: int) -> None:
        """Back to so many conversations: what a record gave before it proved unreadable goes."""
        row = self._starts[conversations] if conversations < len(self._starts) else len(self._texts)
        for column in (self._ids, self._trees, self._records, self._starts):
            del column[conversations:]
        del self._roles[row:], self._texts[row:]
        for values in self._sparse.values():
            for late in [key for key in reversed(values) if key >= row]:
                del values[late]

    def frame(self) -> pl.DataFrame:
        """schema.MESSAGES, one row per message, in the order added."""
        height = len(self._texts)
        starts = np.asarray(self._starts, dtype=np.int64)
        counts = np.diff(starts, append=height)
        owner = np.repeat(np.arange(len(starts)), counts)
        codes = np.fromiter(map(_CODES.__getitem__, self._roles), dtype=np.uint8, count=height)
        columns = {
            "conversation_id": pl.Series(self._named(counts), dtype=pl.String).gather(owner),
            "tree": pl.Series(self._trees, dtype=pl.String).gather(owner),
            "turn": pl.Series(np.arange(height) - starts[owner]).cast(pl.UInt32),
            "role": pl.Series(codes).cat.to(ROLE),
            "text": pl.Series(self._texts, dtype=pl.String),
            "source": pl.repeat(self.source, height, dtype=pl.String, eager=True),
            "record": self._column("record", pl.Series(self._records, dtype=pl.UInt64).gather(owner)),
            "verdict": self._column("verdict", pl.repeat("keep", height, dtype=VERDICT, eager=True)),
        }
        for name, kind in MESSAGES.items():
            if name not in columns:
                columns[name] = self._column(name, pl.repeat(None, height, dtype=kind, eager=True))
        return pl.DataFrame({name: columns[name] for name in MESSAGES})

    def _put(self, row: int, name: str, value: Any) -> None:
        if value is not None:
            self._sparse[name][row] = value

    def _column(self, name: str, empty: pl.Series) -> pl.Series:
        """The column with its few values scattered into `empty`."""
        values = self._sparse.get(name)
        if not values:
            return empty
        given = pl.Series(list(values.values()), dtype=_SPARSE[name])
        return empty.scatter(list(values), given.cast(empty.dtype))

    def _named(self, counts: np.ndarray[Any, np.dtype[np.int64]]) -> list[str | None]:
        """The ids, those that no export gave made from the content."""
        names = list(self._ids)
        parts = self._sparse["parts"]
        for place, name in enumerate(names):
            if name is None:
                begin = self._starts[place]
                end = begin + int(counts[place])
                held = [parts[row] for row in range(begin, end) if row in parts] if parts else []
                roles, texts = self._roles[begin:end], self._texts[begin:end]
                names[place] = content_id(roles, texts, held, self.source, self._records[place])
        return names


_SPARSE: dict[str, Any] = {
    "author": pl.String,
    "sent_at": pl.Int64,
    "parts": pl.String,
    "extra": pl.String,
    "record": pl.UInt64,
    "verdict": pl.String,
    "decided_by": pl.String,
    "evidence": pl.String,
}
"""Columns that most rows leave empty, with the type their values are given in."""


def merge_extra(record: Mapping[str, Any], message: Mapping[str, Any] | None) -> dict[str, Any]:
    """The record's and the message's unmapped fields together; a name both use stays under "message" too.

    >>> merge_extra({"id": 1, "tag": "x"}, {"id": 2, "role": "bot"})
    {'id': 1, 'tag': 'x', 'role': 'bot', 'message': {'id': 2}}
    """
    if not message:
        return dict(record)
    clashing = {key: value for key, value in message.items() if key in record}
    merged = {**record, **{key: value for key, value in message.items() if key not in record}}
    if clashing:
        merged["message"] = {**merged.get("message", {}), **clashing} if _nested(merged) else clashing
    return merged


def _nested(merged: Mapping[str, Any]) -> bool:
    return isinstance(merged.get("message", {}), dict)
