"""A row of a table as the JSON record it stands for, for tables that hold a conversation in each row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from curate.readers.exact import parse
from curate.readers.row_messages import plain
from curate.readers.schemas.base import Record
from curate.readers.types import Look

DECIMAL = {",": re.compile(r"-?\d{1,12}(,\d{1,6})?"), ".": re.compile(r"-?\d{1,12}(\.\d{1,6})?")}
"""What a measure looks like, by the file's decimal sign. More digits may be an id: they stay text."""


def record_of(row: Mapping[str, Any], found: Look | None = None) -> Record:
    """A row as the JSON record it stands for: empty cells left out, JSON in cells parsed, numbers exact."""
    record: Record = {}
    spoken = set(found.columns.values()) if found else set()
    decimals = set(found.facts.get("decimals", "").split("\0")) if found else set()
    for name, cell in row.items():
        if cell is None or (cell == "" and name not in spoken):
            continue
        if isinstance(cell, str) and cell.startswith("[") and name in _WHOLE:
            cell = parse(cell)
        elif name in decimals and found:
            cell = (
                Decimal(cell.replace(found.decimal, ".")) if DECIMAL[found.decimal].fullmatch(cell) else cell
            )
        record[_PAIR_NAMES.get(_ours(found, name), name)] = _exact(cell)
    return record


_WHOLE = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat", "turns")
_PAIR_NAMES = {"system": "system", "input": "input"}


def _ours(found: Look | None, name: str) -> str:
    """Our name of a column of pairs."""
    if not found or found.schema not in ("pairs", "alpaca"):
        return ""
    return next((ours for ours, theirs in found.columns.items() if theirs == name), "")


def _exact(cell: Any) -> Any:
    """The cell in the types that record schemas know: floats as Decimal, written again digit for digit."""
    cell = plain(cell)
    if isinstance(cell, float):
        return Decimal(repr(cell))
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) >= 10**18:
        return Decimal(cell)
    if isinstance(cell, list):
        return [_exact(element) for element in cell]
    if isinstance(cell, dict):
        return {name: _exact(element) for name, element in cell.items()}
    return cell
