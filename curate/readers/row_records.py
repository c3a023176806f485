"""JSON records that hold a message each (lines or elements of an array), as the rows that `regroup` wants."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl

from curate.readers import json_array, jsonl
from curate.readers.broken_rows import Suspect, ids_in_json
from curate.readers.build import MessageRows, dumps
from curate.readers.exact import kind, parse
from curate.readers.quarantine import Quarantine
from curate.readers.roles import RoleMap
from curate.readers.row_messages import ROWS
from curate.readers.schemas.base import Reading, Record
from curate.readers.schemas.content import take_content, take_parts
from curate.readers.schemas.fields import ID, SPEAKER, TEXT, take_author, take_id, take_sent_at, take_text
from curate.readers.table_columns import WHOLE_FILE
from curate.readers.types import Batch, Look, Unreadable

BLOCK = 8 << 20
"""Bytes of a file that are read at a time."""
TURNS = ("turn", "turn_id", "turn_index", "turn_idx", "position", "seq", "message_index", "message_number")


def record_rows(look: Look) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, RowReader]]:
    """(row_messages.ROWS, schema.QUARANTINE, what read them) of a JSON file, block by block."""
    container, read = {
        "jsonl": (jsonl.cut, jsonl.read_lines),
        "json": (json_array.cut, json_array.read_elements),
    }[look.container]
    for piece in container([look], BLOCK):
        reader = RowReader(look)
        batch = read(piece, reader)  # type: ignore[arg-type]  # a reader by its three methods
        yield reader.rows(), batch.quarantined, reader


class RowReader:
    """Reads records that are a message each; the same three methods as records.RecordReader."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._held = Quarantine(look.source)
        self._reading = Reading(
            rows=MessageRows(look.source), roles=RoleMap(look.roles), columns=look.columns
        )
        self._rows: list[tuple[Any, ...]] = []
        self.suspects: list[Suspect] = []  # see broken_rows
        self.torn: tuple[str, ...] | None = None  # ids that the row may have in which the file breaks off

    def read(self, raw: bytes, number: int, start: int | None = None) -> None:
        """Read the record whose JSON is `raw`; `number` is its 1-based place, `start` its first byte."""
        try:
            try:
                record = parse(raw.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise Unreadable(f"not text in the file's encoding at byte {error.start + 1}") from None
            if not isinstance(record, dict):
                raise Unreadable(f"the record is {kind(record)}, must be an object")
            self._rows.append(_record_row(record, number, self._reading, self._look))
        except Unreadable as unreadable:
            ids = ids_in_json(raw, self._reading.name("conversation_id", *ID))
            self.suspects += [(number, (id,)) for id in ids] or [(number, ())]
            self._quarantine(unreadable.reason, number, start, raw)

    def refuse(self, reason: str, number: int | None, start: int | None = None, raw: bytes = b"") -> None:
        """Quarantine what is no record at all."""
        if number is not None:
            self.torn = ids_in_json(raw, self._reading.name("conversation_id", *ID))
        self._quarantine(reason, number, start, raw)

    def batch(self) -> Batch:
        """The quarantine; the rows are had from `rows()`."""
        held = self._held.frame()
        return Batch(pl.DataFrame(), held, len(self._rows) + held.height, 0)

    def rows(self) -> pl.DataFrame:
        """ROWS of the records read."""
        return pl.DataFrame(self._rows, schema=ROWS, orient="row")

    def _quarantine(self, reason: str, number: int | None, start: int | None, raw: bytes) -> None:
        stop = None if start is None else start + len(raw)
        self._held.add(reason, record=number, start=start, stop=stop, raw=raw)


def _record_row(left: Record, number: int, reading: Reading, look: Look) -> tuple[Any, ...]:
    """One record as a row of ROWS. Raises Unreadable."""
    whole = look.columns.get("conversation_id") == WHOLE_FILE
    id = look.source if whole else take_id(left, reading)
    if id is None:
        raise Unreadable("no conversation id")
    role = take_text(left, reading.name("role", *SPEAKER), "the role")
    ours = reading.roles[role]
    text, parts = take_content(left, reading.name("text", *TEXT))
    parts.update(take_parts(left))
    turn, turn_read = None, None
    for column in reading.name("turn", *TURNS):
        if isinstance(left.get(column), (int, Decimal)) and not isinstance(left[column], bool):
            turn_read = dumps({column: left[column]})[1:-1]
            turn = float(left.pop(column))
            break
    sent_at, author = take_sent_at(left, reading), take_author(left, reading, ours)
    extra = {"role": role, **left} if ours != role else left
    read_parts, read_extra = dumps(parts) if parts else None, dumps(extra) if extra else None
    return (id, ours, author, sent_at, turn, turn_read, text, read_parts, read_extra, look.source, number)
