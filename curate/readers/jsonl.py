"""JSON Lines: a record a line, cut into byte ranges at line ends. Blank lines are counted but no records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curate.readers.ranges import BOM, as_is, chunks, open_utf8, read_range
from curate.readers.records import RecordReader
from curate.readers.types import Batch, InputOptions, Look, Piece, Place, Unreadable


def look(place: Place, options: InputOptions, head: bytes) -> tuple[Look, ...]:
    """What the lines hold, judged by those of the head. Raises Unreadable naming the candidates."""
    from curate.readers.look import look_at_json

    return look_at_json(place, options, head, "jsonl")


def cut(looks: Sequence[Look], shard_bytes: int) -> Iterator[Piece]:
    """Pieces of whole lines, each of `shard_bytes` or a little more (one line is never cut).

    Reads through the files once, to count lines. A file that breaks gives its last piece one byte too many,
    so that reading it meets the break again.
    """
    for each in looks:
        start, first = 0, 1
        for stop, lines in _line_ends(each, shard_bytes):
            yield Piece(looks=(each,), start=start, stop=stop, weight=stop - start, first=first)
            start, first = stop, first + lines


def read(piece: Piece) -> Batch:
    """The piece's conversations, one a line."""
    return read_lines(piece, RecordReader(piece.looks[0]))


def read_lines(piece: Piece, reader: RecordReader) -> Batch:
    """Every line of the piece through the reader; where the file breaks, the torn rest is one row."""
    data, broken = read_range(piece.looks[0], piece.start, piece.stop)
    start = piece.start if as_is(piece.looks[0]) else None
    lines = data.split(b"\n")
    torn = lines.pop() if broken or not lines[-1] else b""
    for number, line in enumerate(lines, piece.first):
        if line and not line.isspace() and line != BOM:
            reader.read(line, number, start)
        if start is not None:
            start += len(line) + 1
    if broken:
        reader.refuse(broken, piece.first + len(lines), start, torn)
    return reader.batch()


def _line_ends(look: Look, shard_bytes: int) -> Iterator[tuple[int, int]]:
    """Where pieces stop and how many lines each has."""
    begun, place, lines = 0, 0, 0
    try:
        with open_utf8(look) as stream:
            for part in chunks(stream):
                at = 0
                while place + len(part) - begun >= shard_bytes:
                    found = part.find(b"\n", max(at, begun + shard_bytes - 1 - place))
                    if found < 0:
                        break
                    yield place + found + 1, lines + part.count(b"\n", at, found + 1)
                    begun, at, lines = place + found + 1, found + 1, 0
                lines += part.count(b"\n", at)
                place += len(part)
    except Unreadable:
        place += 1
    if place > begun:
        yield place, lines
