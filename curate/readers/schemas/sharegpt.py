"""ShareGPT records: `{"conversations": [{"from": "human", "value"}]}`, as LLaMA-Factory and others use them.

`system`, where given, becomes the first message; `tools` goes to extra.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from curate.readers.schemas import message_list
from curate.readers.schemas.base import Plain, Record

convert = message_list.convert


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether the record's messages have `from` and `value`.

    >>> claims({"conversations": [{"from": "human", "value": "Hi"}]}, {})
    True
    """
    return message_list.holds(record, columns, "from", ("value", "text", "content"))


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    speaker: str = msgspec.field(name="from")
    value: str


class _Record(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    conversations: list[_Message]
    id: str | int | msgspec.UnsetType = msgspec.UNSET


_DECODE = msgspec.json.Decoder(_Record).decode


def plain(line: bytes | str) -> Plain | None:
    """The record if it is of the plainest kind, else None. Raises msgspec's errors for what is not at all."""
    record = _DECODE(line)
    messages = record.conversations
    given = record.id is not msgspec.UNSET
    if not messages or (given and not record.id):  # "" is no id, and -0 would lose its sign
        return None
    return Plain(
        str(record.id) if given else None,
        [message.speaker for message in messages],
        [message.value for message in messages],
        1 + given + isinstance(record.id, str) + 4 * len(messages),
    )
