"""Records, given as the bytes of one JSON value each: a fast path for most, a careful one for all.

The fast path is a strict typed decoder (msgspec, unknown fields forbidden) whose values go into column
lists. It was measured against Polars' struct decoding behind the same check, on 720,000 messages and one
core: 0.31 s, against 0.15 s for the check alone and 0.29 to 0.51 s more for `str.json_decode`, so that the
check's own result is used. What it refuses, and what it would lose (equal keys), goes the careful way: a
test holds that both ways give the same wherever both can read.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from curate.readers.build import MessageRows, dumps
from curate.readers.exact import kind, parse
from curate.readers.quarantine import Quarantine
from curate.readers.roles import RoleMap
from curate.readers.schemas import load
from curate.readers.schemas.base import Plain, Reading
from curate.readers.types import Batch, Look, Unreadable

_PATIENCE = 200  # records refused in a row before the fast path is left alone


class RecordReader:
    """Reads the records of one piece in order; `batch()` gives what came of them."""

    def __init__(self, look: Look, *, fast: bool = True) -> None:
        self.quarantine = Quarantine(look.source)
        self._rows = MessageRows(look.source)
        self._reading = Reading(rows=self._rows, roles=RoleMap(look.roles), columns=look.columns)
        schema = load(look.schema)
        self._convert = schema.convert
        self._plain: Callable[[bytes], Plain | None] | None = getattr(schema, "plain", None)
        if not fast or look.columns:
            self._plain = None
        self._refused = 0
        self._extras: dict[str, str | None] = {}  # role as read: its extra
        self._records = 0
        self._read = 0

    def read(self, raw: bytes, number: int, start: int | None = None) -> None:
        """Read the record whose JSON is `raw`; `number` is its 1-based place, `start` its first byte."""
        self._records += 1
        if self._plain is not None and self._read_plain(raw, number):
            self._read += 1
            return
        before = self._rows.conversations
        try:
            self._read_with_care(raw, number)
        except Unreadable as error:
            self._rows.rewind(before)
            stop = None if start is None else start + len(raw)
            self.quarantine.add(error.reason, record=number, start=start, stop=stop, raw=raw)
        else:
            self._read += 1

    def refuse(self, reason: str, number: int | None, start: int | None = None, raw: bytes = b"") -> None:
        """Quarantine what is no record at all: the rest after a break, text beside an array."""
        self._records += 1
        stop = None if start is None else start + len(raw)
        self.quarantine.add(reason, record=number, start=start, stop=stop, raw=raw)

    def batch(self) -> Batch:
        """Messages, quarantine, counts. Conservation is asserted here."""
        assert self._records == self._read + len(self.quarantine), "a record was lost"
        return Batch(self._rows.frame(), self.quarantine.frame(), self._records, self._rows.conversations)

    def _read_plain(self, raw: bytes, number: int) -> bool:
        """Read it the fast way, if that gives all there is in it."""
        assert self._plain is not None
        try:
            found = self._plain(raw)
            if found is None or not _holds_strings(raw, found.strings):
                return False
            roles = [self._reading.roles[role] for role in found.roles]
        except (msgspec.MsgspecError, UnicodeDecodeError, Unreadable, RecursionError):
            self._refused += 1
            if self._refused > _PATIENCE:
                self._plain = None
            return False
        self._refused = 0
        extras = [self._extra(role) for role in found.roles] if roles != found.roles else None
        self._rows.extend(number, found.id, roles, found.texts, extras)
        return True

    def _extra(self, role: str) -> str | None:
        if role not in self._extras:
            self._extras[role] = dumps({"role": role}) if self._reading.roles.renamed(role) else None
        return self._extras[role]

    def _read_with_care(self, raw: bytes, number: int) -> None:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(f"not text in the file's encoding at byte {error.start + 1}") from None
        record = parse(text)
        if isinstance(record, list):  # a line that is the list of messages itself
            record = {"messages": record}
        if not isinstance(record, dict):
            raise Unreadable(f"the record is {kind(record)}, must be an object")
        try:
            self._convert(record, number, self._reading)
        except RecursionError:
            raise Unreadable("JSON nested too deeply") from None


def _holds_strings(raw: bytes, strings: int) -> bool:
    r"""Whether the JSON holds so many strings (keys and values) and no more, so that no key was there twice.

    A decoder keeps the last of two equal keys without a word; the first one's quotes give it away. Where an
    escaped backslash could stand before a closing quote, the answer is no: the careful way reads it.

    >>> _holds_strings(b'{"a": "\\""}', 2), _holds_strings(b'{"a": 1, "a": 2}', 1)
    (True, False)
    """
    found = raw.count(b'"')
    return found == 2 * strings or (b"\\\\" not in raw and found - raw.count(b'\\"') == 2 * strings)
