"""Ranges of bytes of a text file that may be compressed and in another encoding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, cast

from curate.readers.inputs import open_bytes
from curate.readers.streams import Recoded
from curate.readers.types import Look, Unreadable

CHUNK = 1 << 22
BOM = b"\xef\xbb\xbf"
_AS_IS = ("utf-8", "utf-8-sig", "ascii")


def as_is(look: Look) -> bool:
    """Whether positions in the stream are positions in the (decompressed) file."""
    return look.encoding in _AS_IS


def open_utf8(look: Look) -> BinaryIO:
    """The file's text as UTF-8 bytes, decompressed; a byte order mark stays. Raises Unreadable."""
    raw = open_bytes(look)
    return raw if as_is(look) else cast(BinaryIO, Recoded(raw, look.encoding))


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """What is left of a stream, in parts of CHUNK bytes or fewer. Raises Unreadable at a break."""
    while True:
        try:
            part = stream.read(CHUNK)
        except OSError:
            raise Unreadable("file cannot be read to its end") from None
        if not part:
            return
        yield part


def read_range(look: Look, start: int, stop: int) -> tuple[bytes, str]:
    """Bytes start to stop of the UTF-8 stream, and why there are fewer ("" where all are there).

    A plain file is read from `start`; a compressed one is decompressed up to it.
    """
    parts: list[bytes] = []
    left = stop - start
    try:
        with open_utf8(look) as stream:
            if stream.seekable():
                stream.seek(start)
            else:
                skip(stream, start)
            while left > 0 and (part := stream.read(min(left, CHUNK))):
                parts.append(part)
                left -= len(part)
    except Unreadable as error:
        return b"".join(parts), error.reason
    except OSError:
        return b"".join(parts), "file cannot be read to its end"
    return b"".join(parts), "file changed while it was being read" if left else ""


def skip(stream: BinaryIO, count: int) -> None:
    """Read past so many bytes."""
    while count > 0 and (part := stream.read(min(count, CHUNK))):
        count -= len(part)


def length(look: Look) -> int:
    """Bytes of the UTF-8 stream; one more where it breaks, so that reading so many meets the break again."""
    count = 0
    try:
        with open_utf8(look) as stream:
            for part in chunks(stream):
                count += len(part)
    except Unreadable:
        return count + 1
    return count
