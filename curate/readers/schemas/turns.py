"""Dialogue sets: `{"dialogue_id", "turns": [{"speaker": "USER", "utterance"}]}` (SGD, MultiWOZ and the like).

In these "system" is the dialogue system, the one that answers: where a dialogue knows no other assistant,
its "system" is read as one, and the name read stays in extra.
Source: Rastogi et al., Towards Scalable Multi-domain Conversational Agents (2020).
"""

from __future__ import annotations

from collections.abc import Mapping

from curate.readers.schemas import message_list
from curate.readers.schemas.base import Reading, Record
from curate.readers.schemas.fields import SPEAKER, TEXT
from curate.readers.types import Unreadable


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether the record's turns have `speaker` and a text, or `role` and `utterance`.

    >>> claims({"turns": [{"speaker": "USER", "utterance": "Hi"}]}, {})
    True
    """
    return message_list.holds(record, columns, "speaker", TEXT) or message_list.holds(
        record, columns, "role", ("utterance", "text", "value", "message", "body")
    )


def convert(record: Record, number: int, reading: Reading) -> None:
    """Add the dialogue's turns. Raises Unreadable."""
    message_list.convert(record, number, reading, bot_is_system=_bot_is_system(record, reading))


def _bot_is_system(record: Record, reading: Reading) -> bool:
    found = message_list.messages_of(record)
    names = reading.name("role", *SPEAKER)
    speakers = {message[name] for message in (found[1] if found else ()) for name in names if name in message}
    try:
        ours = {reading.roles[speaker] for speaker in speakers if isinstance(speaker, str)}
    except Unreadable:
        return False  # said again, with its place in the record, when the turn is added
    return ours == {"user", "system"}
