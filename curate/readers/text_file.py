"""A text file that is one transcript of `Human:` and `Assistant:` paragraphs: one conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curate.readers.build import MessageRows
from curate.readers.look import decode_head
from curate.readers.quarantine import Quarantine
from curate.readers.ranges import BOM, length, read_range
from curate.readers.schemas.transcript import split
from curate.readers.types import Batch, InputOptions, Look, Piece, Place, Unreadable


def look(place: Place, options: InputOptions, head: bytes) -> tuple[Look, ...]:
    """The one look of a transcript. Raises Unreadable where another format was told."""
    if options.format not in ("auto", "transcript"):
        raise Unreadable(f"a text of 'Human:' and 'Assistant:' paragraphs, not format '{options.format}'")
    encoding = decode_head(head, options.encoding)[1]
    return (
        Look(
            path=place.path,
            member=place.member,
            source=place.source,
            compression=place.compression,
            size=place.size,
            container="text",
            schema="transcript",
            encoding=encoding,
        ),
    )


def cut(looks: Sequence[Look], shard_bytes: int) -> Iterator[Piece]:
    """One piece a file: a conversation is never cut."""
    for each in looks:
        yield Piece(looks=(each,), start=0, stop=length(each), weight=each.size)


def read(piece: Piece) -> Batch:
    """The one conversation; a file that breaks or does not decode is one quarantine row."""
    look = piece.looks[0]
    data, broken = read_range(look, piece.start, piece.stop)
    rows, held = MessageRows(look.source), Quarantine(look.source)
    try:
        if broken:
            raise Unreadable(broken)
        messages = list(split(_decoded(data.removeprefix(BOM)).removesuffix("\n")))
    except Unreadable as error:
        held.add(error.reason, record=1, start=0, stop=len(data), raw=data)
    else:
        rows.open(1)
        for role, text in messages:
            rows.add(role, text)
    assert rows.conversations + len(held) == 1, "a record was lost"
    return Batch(rows.frame(), held.frame(), 1, rows.conversations)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not text in the file's encoding at byte {error.start + 1}") from None
