"""The usual names of fields in exports, and how a record is taken apart: what is mapped, what stays over."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from curate.readers.build import merge_extra
from curate.readers.exact import kind
from curate.readers.schemas.base import Reading, Record
from curate.readers.table_columns import named
from curate.readers.times import microseconds
from curate.readers.types import Unreadable

ID = (
    "conversation_id",
    "conversationId",
    "dialogue_id",
    "dialog_id",
    "conv_id",
    "chat_id",
    "thread_id",
    "session_id",
    "ticket_id",
    "prompt_id",
    "uuid",
    "id",
)
"""Names of a conversation's id, the surest first. `task_id` is not one: several trials share it."""
AUTHOR = (
    "author",
    "author_name",
    "sender",
    "sender_name",
    "from_name",
    "username",
    "user_name",
    "display_name",
)
SENT_AT = ("sent_at", "timestamp", "created_at", "create_time", "date", "time", "ts")
LISTS = ("messages", "conversations", "conversation", "turns", "dialogue", "dialog", "traj", "chosen")
"""Names under which a record holds its messages."""
TEXT = ("content", "value", "text", "utterance", "message", "body")
SPEAKER = ("role", "from", "speaker")


def has(record: Mapping[str, Any], names: tuple[str, ...], types: tuple[type, ...] = (str,)) -> bool:
    """Whether one of the names is there with one of the types."""
    return any(isinstance(record.get(name), types) for name in names)


def take(left: Record, names: tuple[str, ...]) -> Any:
    """The first of the names that is there, taken out of `left`; None where there is none."""
    for name in names:
        if name in left:
            return left.pop(name)
    return None


def take_text(left: Record, names: tuple[str, ...], what: str) -> str:
    """As `take`, but it must be there and be a string. Raises Unreadable naming the key and the type."""
    for name in names:
        if name in left:
            value = left.pop(name)
            if not isinstance(value, str):
                raise Unreadable(f"'{name}' is {kind(value)}, must be a string")
            return value
    raise Unreadable(f"{what} is missing: none of {', '.join(names)}")


def take_id(left: Record, reading: Reading) -> str | None:
    """The conversation's id as text, digit for digit; a value that is none stays in `left`.

    >>> from curate.readers.build import MessageRows
    >>> from curate.readers.roles import RoleMap
    >>> take_id({"id": Decimal("12345678901234567890")}, Reading(rows=MessageRows(""), roles=RoleMap()))
    '12345678901234567890'
    """
    for name in reading.name("conversation_id", *ID):
        value = left.get(name)
        if isinstance(value, bool) or value is None or value == "":
            continue
        if isinstance(value, (str, int)) or (isinstance(value, Decimal) and value.as_tuple().exponent == 0):
            del left[name]
            return str(value)
    return None


def take_sent_at(left: Record, reading: Reading) -> int | None:
    """The time in microseconds; what is no time stays in `left`."""
    for name in reading.name("sent_at", *SENT_AT):
        found = microseconds(left[name]) if name in left else None
        if found is not None:
            del left[name]
            return found
    return None


def take_author(left: Record, reading: Reading, role: str = "") -> str | None:
    """The author's name, where a string is given; also under a name for who is behind one of our roles.

    >>> from curate.readers.build import MessageRows
    >>> from curate.readers.roles import RoleMap
    >>> row = {"agent_name": "Ann", "customer_name": "Bob"}
    >>> take_author(row, Reading(rows=MessageRows(""), roles=RoleMap()), "assistant"), row
    ('Ann', {'customer_name': 'Bob'})
    """
    for name in reading.name("author", *AUTHOR):
        if isinstance(left.get(name), str):
            return str(left.pop(name))
    for name in named(role, list(left)) if role and left else ():
        if isinstance(left[name], str) and left[name].strip():
            return str(left.pop(name))
    return None


def with_role_read(left: Record, role: str, reading: Reading) -> Record:
    """The unmapped fields, with the role as read where ours is spelled otherwise."""
    return merge_extra({"role": role}, left) if reading.roles.renamed(role) else left
