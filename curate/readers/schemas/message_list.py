"""A record that holds a list of messages: what OpenAI, ShareGPT and dialogue sets have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.readers.exact import kind
from curate.readers.schemas.base import Reading, Record
from curate.readers.schemas.content import take_content, take_parts
from curate.readers.schemas.fields import (
    LISTS,
    SPEAKER,
    TEXT,
    take_author,
    take_id,
    take_sent_at,
    take_text,
    with_role_read,
)
from curate.readers.types import Unreadable

AS_READ = ("as_read", "weight 0 as read")


def messages_of(record: Record, names: tuple[str, ...] = LISTS) -> tuple[str, list[Any]] | None:
    """The key and the list under which a record holds objects; None where it holds none.

    >>> messages_of({"id": 7, "messages": [{"role": "user", "content": "Hi"}]})
    ('messages', [{'role': 'user', 'content': 'Hi'}])
    """
    for name in names:
        held = record.get(name)
        if isinstance(held, list) and held and all(isinstance(message, dict) for message in held):
            return name, held
    return None


def holds(record: Record, columns: Mapping[str, str], speaker: str, texts: tuple[str, ...]) -> bool:
    """Whether a record's messages name who speaks by `speaker` and what is said by one of `texts`."""
    found = messages_of(record)
    if found is None:
        return False
    speaker, texts = columns.get("role", speaker), (columns["text"],) if "text" in columns else texts
    named = sum(speaker in message and any(name in message for name in texts) for message in found[1])
    return named * 2 > len(found[1])


def convert(record: Record, number: int, reading: Reading, *, bot_is_system: bool = False) -> None:
    """Add a record's messages. `tools` and all other fields of the record go to the first one's extra.

    `bot_is_system` is true where the assistant calls itself "system". Raises Unreadable.
    """
    left = dict(record)
    key, held = _held(left)
    del left[key]
    before = left.pop("system") if isinstance(left.get("system"), str) and left["system"] else None
    prompt = left.pop("prompt") if key == "chosen" and _continues(left.get("prompt")) else []
    after = left.pop("completion") if key == "prompt" else []
    tree = left.pop("tree") if _is_ours(left) else None
    reading.rows.open(number, id=take_id(left, reading), tree=tree, extra=left)
    if before is not None:
        reading.rows.add("system", before)
    for place, message in enumerate([*prompt, *held, *after]):
        if not isinstance(message, dict):
            raise Unreadable(f"{key}[{place}] is {kind(message)}, must be an object")
        _add(dict(message), reading, bot_is_system)


def _is_ours(record: Record) -> bool:
    """Whether it is a branch as our own curated set writes it: `tree` beside `conversation_id`."""
    return isinstance(record.get("tree"), str) and isinstance(record.get("conversation_id"), str)


def _held(record: Record) -> tuple[str, list[Any]]:
    """The list of messages, or the sentence for why there is none."""
    both = record.get("prompt"), record.get("completion")
    if all(_continues(half) for half in both):
        return "prompt", record["prompt"]
    found = messages_of(record)
    if found:
        return found
    for name in LISTS:
        if name in record:
            value = record[name]
            if value == []:
                raise Unreadable(f"'{name}' is empty: no message in the record")
            if isinstance(value, list):
                return name, value
            raise Unreadable(f"'{name}' is {kind(value)}, must be a list of messages")
    raise Unreadable(f"no list of messages: none of {', '.join(LISTS)}")


def _continues(value: Any) -> bool:
    """Whether it is a list of objects: a prompt given apart from what follows it."""
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def _add(left: Record, reading: Reading, bot_is_system: bool) -> None:
    role = take_text(left, reading.name("role", *SPEAKER), "the role")
    ours = reading.roles[role]
    if bot_is_system and ours == "system":
        ours, left = "assistant", {"role": role, **left}
    else:
        left = with_role_read(left, role, reading)
    text, parts = take_content(left, reading.name("text", *TEXT))
    if not left:  # most messages
        reading.rows.add(ours, text, parts=parts)
        return
    masked = AS_READ if ours == "assistant" and _is_zero(left.get("weight")) else None
    if masked:
        del left["weight"]
    parts.update(take_parts(left))
    sent_at, author = take_sent_at(left, reading), take_author(left, reading, ours)
    reading.rows.add(ours, text, author=author, sent_at=sent_at, parts=parts, extra=left, masked=masked)


def _is_zero(weight: Any) -> bool:
    return weight == 0 and not isinstance(weight, bool)
