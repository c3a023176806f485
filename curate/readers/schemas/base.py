"""What every record schema gets and gives: one parsed JSON object in, messages of a conversation out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from curate.readers.build import MessageRows
from curate.readers.roles import RoleMap

Record = dict[str, Any]
"""A JSON object as `exact.parse` gives it: str, bool, None, list, dict, int, and Decimal where a number is
long or has a fraction, so that it can be written again digit for digit."""


@dataclass(kw_only=True)
class Reading:
    """The state of reading one piece: rows so far, the roles map, our column: their name for it."""

    rows: MessageRows
    roles: RoleMap
    columns: Mapping[str, str] = field(default_factory=dict)

    def name(self, column: str, *usual: str) -> tuple[str, ...]:
        """The names under which a record may hold our column: the one that was given, or the usual ones.

        >>> reading = Reading(rows=MessageRows("a"), roles=RoleMap(), columns={"conversation_id": "ticket"})
        >>> reading.name("conversation_id", "id"), reading.name("text", "text", "body")
        (('ticket',), ('text', 'body'))
        """
        given = self.columns.get(column)
        return (given,) if given else usual


class Plain(NamedTuple):
    """A record of the plainest kind, as a schema's strict decoder gives it: nothing but roles and texts.

    `strings` is how many strings, keys and values, the record holds in all. Decoders keep the last of two
    equal keys without a word; the reader finds such a record by counting quotes.
    """

    id: str | None
    roles: list[str]
    texts: list[str]
    strings: int


class Schema(Protocol):
    """What a schema module offers; `plain(line) -> Plain | None`, a fast way, may be absent."""

    def claims(self, record: Record, columns: Mapping[str, str]) -> bool:
        """Whether a record looks like this schema: by its keys and their types, never by order."""

    def convert(self, record: Record, number: int, reading: Reading) -> None:
        """Add the record's conversation(s) to `reading.rows`.

        `number` is the record's 1-based number. Raises Unreadable where it is not what it should be; the
        caller then takes back what was added.
        """
