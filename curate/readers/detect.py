"""Which schema the records of a file have, judged by several of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from curate.readers.applications import json_export
from curate.readers.schemas import SCHEMAS, load
from curate.readers.schemas.fields import ID, LISTS, SPEAKER, TEXT
from curate.readers.types import Unreadable

ROWS = "messages"  # a row per message: no schema of one record, but of many


def detect(records: Sequence[Any], told: str, columns: Mapping[str, str]) -> str:
    """The schema that claims the records, or the one told.

    Raises Unreadable, naming the candidates, where none claims a record or more than one does, and with the
    way out for the export of a chat application that is not read yet.

    >>> detect([{"messages": [{"role": "user", "content": "Hi"}]}], "auto", {})
    'openai'
    >>> detect([{"a": 1}], "auto", {})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    curate.readers.types.Unreadable: not a chat log: no known schema fits its records (keys: a); ...
    """
    if told != "auto":
        return told
    if export := json_export(records, columns):
        raise Unreadable(export)
    claims = Counter(name for record in records for name in claimed_by(record, columns))
    if not claims:
        raise Unreadable(_nothing_fits(records))
    (best, most), *others = claims.most_common()
    rivals = sorted(name for name, count in others if count * 5 > most)
    if rivals:
        names = ", ".join(sorted([best, *rivals]))
        raise Unreadable(f"ambiguous: its records fit {names}; set format in [[input]] to the right one")
    return best


def claimed_by(record: Any, columns: Mapping[str, str]) -> list[str]:
    """Names of the schemas that a record fits."""
    if isinstance(record, list):
        record = {"messages": record}
    if not isinstance(record, dict):
        return []
    names = [name for name in SCHEMAS if load(name).claims(record, columns)]
    return names or ([ROWS] if is_message_row(record, columns) else [])


def is_message_row(record: Mapping[str, Any], columns: Mapping[str, str]) -> bool:
    """Whether a record is one message: a text, and who speaks or which conversation it belongs to.

    >>> is_message_row({"conversation_id": "c1", "role": "user", "content": "Hi"}, {})
    True
    """
    if any(isinstance(record.get(name), list) for name in LISTS):
        return False

    def holds(column: str, usual: tuple[str, ...], types: tuple[type, ...]) -> bool:
        names = (columns[column],) if column in columns else usual
        return any(isinstance(record.get(name), types) for name in names)

    spoken = holds("text", TEXT, (str,))
    return spoken and (holds("role", SPEAKER, (str,)) or holds("conversation_id", ID[:-2], (str, int)))


def _nothing_fits(records: Sequence[Any]) -> str:
    from curate.readers.exact import plain

    keys = [key for record in records if isinstance(record, dict) for key in record]
    seen = ", ".join(dict.fromkeys(plain(key) for key in keys[:12])) or "none"
    allowed = ", ".join([*SCHEMAS, ROWS])
    return f"not a chat log: no known schema fits its records (keys: {seen}); allowed in format: {allowed}"
