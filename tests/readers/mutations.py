"""Ways in which real files are broken, as functions of bytes and a seeded draw."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable

import zstandard

Mutation = Callable[[bytes, random.Random], bytes]


def truncated(raw: bytes, draw: random.Random) -> bytes:
    return raw[: draw.randrange(len(raw))]


def flipped(raw: bytes, draw: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(draw.choice([1, 5, 50])):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(data)


def inserted(raw: bytes, draw: random.Random) -> bytes:
    """NULs, half characters, quotes, brackets, newlines where they do not belong."""
    parts = [
        b"\0",
        b"\\ud800",
        b"\xed\xa0\x80",
        b"\xff",
        b'"',
        b"{",
        b"]",
        b"\r",
        b"\n",
        b"\xc3",
        b"\x1a",
        b"\\",
    ]
    for _ in range(draw.choice([1, 3, 20])):
        at = draw.randrange(len(raw) + 1)
        raw = raw[:at] + draw.choice(parts) + raw[at:]
    return raw


def deleted(raw: bytes, draw: random.Random) -> bytes:
    """Quotes, newlines (two records on a line), brackets, delimiters gone."""
    marks = [found.start() for found in re.finditer(rb'["\n{}\[\],;:]', raw)]
    gone = set(draw.sample(marks, min(len(marks), draw.choice([1, 3, 20]))))
    return bytes(byte for at, byte in enumerate(raw) if at not in gone)


def long_ids(raw: bytes, draw: random.Random) -> bytes:
    return re.sub(rb"\d+", lambda found: found[0].ljust(20, b"7") if draw.random() < 0.1 else found[0], raw)


def huge_line(raw: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(raw))
    return raw[:at] + draw.choice([b"x", b'"', b"[", b"{}", b"a,b;"]) * 300_000 + raw[at:]


def repeated(raw: bytes, draw: random.Random) -> bytes:
    one, two = sorted(draw.choices(range(len(raw) + 1), k=2))
    return raw[:two] + raw[one:]


def newlines(raw: bytes, draw: random.Random) -> bytes:
    return re.sub(rb"\r?\n", lambda _: draw.choice([b"\n", b"\r\n", b"\r", b"\n\n"]), raw)


def marked(raw: bytes, draw: random.Random) -> bytes:
    marks = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\xef\xbb\xbf\xef\xbb\xbf"]
    return draw.choice(marks) + raw


def recoded(raw: bytes, draw: random.Random) -> bytes:
    name = draw.choice(["cp1252", "utf-16", "utf-16-le", "latin-1", "cp850", "utf-32"])
    return (
        raw.decode("utf-8", "replace")
        .replace(",", ";" if draw.random() < 0.5 else ",")
        .encode(name, "replace")
    )


def packed(raw: bytes, draw: random.Random) -> bytes:
    """Compressed, mostly cut off or damaged."""
    kind = draw.choice(["gz", "zst", "zip"])
    if kind == "gz":
        data = gzip.compress(raw, mtime=0)
    elif kind == "zst":
        data = zstandard.compress(raw)
    else:
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("logs/a.txt", raw)
        data = sink.getvalue()
    return draw.choice([truncated, flipped, lambda whole, _: whole])(data, draw)


MUTATIONS: tuple[Mutation, ...] = (
    truncated,
    flipped,
    inserted,
    deleted,
    long_ids,
    huge_line,
    repeated,
    newlines,
    marked,
    recoded,
    packed,
)
