"""One big JSON array (or an object that holds it), read element by element in bounded memory.

The first pass finds where elements end, without parsing; pieces are byte ranges of whole elements. A file
that is one record (`facts["whole"]`) is one piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curate.readers.elements import Separators, split
from curate.readers.ranges import as_is, chunks, length, open_utf8, read_range, skip
from curate.readers.records import RecordReader
from curate.readers.types import Batch, InputOptions, Look, Piece, Place, Unreadable

_OUTSIDE = 0  # `first` of a piece that holds what stands beside the array


def look(place: Place, options: InputOptions, head: bytes) -> tuple[Look, ...]:
    """What the elements are, judged by the first of them. Raises Unreadable naming the candidates."""
    from curate.readers.look import look_at_json

    return look_at_json(place, options, head, "json")


def cut(looks: Sequence[Look], shard_bytes: int) -> Iterator[Piece]:
    """Pieces of whole elements, each of `shard_bytes` or a little more; reads through the files once.

    A file that breaks gives its last piece one byte too many, so that reading it meets the break again.
    """
    for each in looks:
        if "whole" in each.facts:
            yield _piece(each, 0, length(each), 1)
            continue
        inside = int(each.facts["inside"])
        if each.facts.get("before"):
            yield _piece(each, 0, inside, _OUTSIDE)
        yield from _cut(each, inside, shard_bytes)


def read(piece: Piece) -> Batch:
    """The piece's conversations, one an element."""
    look = piece.looks[0]
    return read_elements(piece, RecordReader(look))


def read_elements(piece: Piece, reader: RecordReader) -> Batch:
    """Every element of the piece through the reader; where the file breaks, the torn rest is one row."""
    look = piece.looks[0]
    data, broken = read_range(look, piece.start, piece.stop)
    base = piece.start if as_is(look) else None
    if piece.first == _OUTSIDE:
        reader.refuse("not read: it stands beside the array of records", None, base, data)
        return reader.batch()
    found = [(0, data)] if "whole" in look.facts else list(split(data))
    torn = found.pop() if broken and found else (0, b"")
    for number, (place, element) in enumerate(found, piece.first):
        reader.read(element, number, None if base is None else base + place)
    if broken:
        reader.refuse(broken, piece.first + len(found), None if base is None else base + torn[0], torn[1])
    return reader.batch()


def _cut(look: Look, inside: int, shard_bytes: int) -> Iterator[Piece]:
    """Pieces of the elements, and one of what follows the array where that is more than a closing brace."""
    finder = Separators(depth=1)
    start, first, number, seen, beside = inside, 1, 0, inside, b""
    try:
        with open_utf8(look) as stream:
            skip(stream, inside)
            for chunk in chunks(stream):
                if finder.closed:
                    beside = beside or chunk.strip()
                for place, mark in [] if finder.closed else finder.feed(chunk):
                    stop, number, last = inside + place, number + 1, mark != ord(",")
                    if last or stop - start >= shard_bytes:
                        yield _piece(look, start, stop, first)
                        start, first = stop + 1, number + 1
                        beside = chunk[stop + 1 - seen :].strip() if last else b""
                seen += len(chunk)
    except Unreadable:
        seen += 1
    if not finder.closed:
        yield _piece(look, start, seen, first)
    elif beside and not (beside == b"}" and "key" in look.facts):
        yield _piece(look, start, seen, _OUTSIDE)


def _piece(look: Look, start: int, stop: int, first: int) -> Piece:
    return Piece(looks=(look,), start=start, stop=stop, weight=stop - start, first=first)
