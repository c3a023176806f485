"""What readers exchange with the run: inputs as asked for, looks, pieces, batches. All picklable.

How the parts fit: `inputs` lists the places, `look` asks each place's container what it is (once), the
container cuts what it saw into pieces, and `read(piece)` gives a batch, in any process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl


class Unreadable(Exception):  # noqa: N818 - a finding, not a failure: it becomes a quarantine row
    """Why a record or a whole file cannot be read: our own sentence, without any text of the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotALog(Unreadable):
    """The file says by its name that it is no log (a README, a program): told, not counted as unreadable."""


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """One `[[input]]` of the recipe (see `told.py` where INPUT is given too), or INPUT... with `--format`."""

    files: tuple[str, ...]  # files, folders, globs
    format: str = "auto"  # a name of schemas.SCHEMAS or readers.FORMATS
    source: str = ""  # name to show instead of the file's relative path
    columns: Mapping[str, str] = field(default_factory=dict)  # our column: their name for it
    roles: Mapping[str, str] = field(default_factory=dict)  # their role: ours
    encoding: str = "auto"
    delimiter: str = "auto"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one file's bytes lie. `inputs.open_bytes(place)` gives them decompressed."""

    path: str  # or a URL
    member: str = ""  # name inside a .zip
    source: str = ""  # relative path shown to the user, posix: "slack.zip/general.jsonl"
    compression: str = ""  # "" | gz | zst
    size: int = 0  # bytes on disk (compressed)
    version: str = ""  # of a file at a URL: what its server calls what is there now


@dataclass(frozen=True, kw_only=True)
class Look(Place):
    """The answer of looking at a file once; every piece of it gets the same."""

    container: str  # a key of readers.CONTAINERS
    schema: str  # a key of schemas.SCHEMAS, or "messages" (a row per message)
    encoding: str = "utf-8"
    delimiter: str = ""
    decimal: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # our column: theirs, as found or as given
    roles: Mapping[str, str] = field(default_factory=dict)  # their role: ours, as given
    facts: Mapping[str, str] = field(default_factory=dict)  # whatever else was found out: sheet, date order


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One unit of reading: whole conversations.

    `start` and `stop` count what suits the container: bytes of the decompressed file (lines, arrays), row
    groups (Parquet), or partition `start` of `stop` (regroup). `first` is the number of its first record.
    """

    looks: tuple[Look, ...]
    start: int
    stop: int
    weight: int  # bytes, for grouping small pieces into shards
    first: int = 1
    limit: int | None = None  # take the first so many conversations only
    broken: tuple[str, ...] = ()  # ids of conversations of which some row cannot be read (regroup)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be read: pieces in canonical order, files that cannot be, what each was taken for."""

    pieces: tuple[Piece, ...]
    quarantined: pl.DataFrame  # schema.QUARANTINE: whole files, record null
    detected: tuple[Look, ...]
    skipped: tuple[str, ...] = ()  # sources that are documentation or code by their names
    unmatched: tuple[str, ...] = ()  # `files` of each [[input]] that names none of the files given


@dataclass(frozen=True)
class Batch:
    """What a piece holds.

    `messages` is schema.MESSAGES in file order, the rows of a conversation together; a row with turn 0 opens
    each conversation (two conversations of one id stay apart by it). Conservation:
    records == records that became conversations or messages of one + quarantined rows.
    """

    messages: pl.DataFrame
    quarantined: pl.DataFrame
    records: int
    conversations: int


class Container(Protocol):
    """What a container module offers (it is the module itself that has these functions)."""

    def look(self, place: Place, options: InputOptions, head: bytes) -> Sequence[Look]:
        """What the file holds, from its first decompressed bytes and, where needed, more of it.

        Several looks where a file has several tables. Raises Unreadable with the candidates named.
        """

    def cut(self, looks: Sequence[Look], shard_bytes: int) -> Iterable[Piece]:
        """Pieces of the files in order; lazily, so that `--limit` looks at no more than it needs."""

    def read(self, piece: Piece) -> Batch:
        """The piece's messages. Never raises for what the file holds: that goes to quarantine."""
