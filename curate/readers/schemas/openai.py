"""OpenAI chat records: `{"messages": [{"role", "content"}]}`, with tools, weights and typed content.

Also our own curated output, agent trajectories (`traj`), and preference pairs whose `chosen` is a list of
messages (`rejected` goes to extra). Source: OpenAI's fine-tuning and chat completion reference.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from curate.readers.schemas import message_list
from curate.readers.schemas.base import Plain, Record

convert = message_list.convert


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether the record's messages have `role` and one of content, tool_calls.

    >>> claims({"messages": [{"role": "user", "content": "Hi"}]}, {})
    True
    """
    if message_list.holds(record, columns, "role", ("content", "tool_calls")):
        return True
    prompt = record.get("prompt")
    return message_list.holds({"messages": prompt}, columns, "role", ("content",)) and "completion" in record


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    content: str


class _Record(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Message]
    id: str | int | msgspec.UnsetType = msgspec.UNSET
    conversation_id: str | int | msgspec.UnsetType = msgspec.UNSET


_DECODE = msgspec.json.Decoder(_Record).decode


def plain(line: bytes | str) -> Plain | None:
    """The record if it is of the plainest kind, else None. Raises msgspec's errors for what is not at all."""
    record = _DECODE(line)
    messages = record.messages
    ids = [id for id in (record.id, record.conversation_id) if id is not msgspec.UNSET]
    if not messages or len(ids) > 1 or not all(ids):  # "" is no id, and -0 would lose its sign
        return None
    return Plain(
        str(ids[0]) if ids else None,
        [message.role for message in messages],
        [message.content for message in messages],
        1 + len(ids) + (bool(ids) and isinstance(ids[0], str)) + 4 * len(messages),
    )
