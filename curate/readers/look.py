"""Looking at a file once: its container by content, not by name, then its encoding, then its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from curate.readers.applications import DISCORD_EXPORT, TEXT_EXPORT, is_discord, is_text_export
from curate.readers.containers import CONTAINERS
from curate.readers.detect import ROWS, claimed_by, detect
from curate.readers.elements import split
from curate.readers.exact import parse
from curate.readers.inputs import read_head
from curate.readers.schemas import transcript
from curate.readers.schemas.fields import ID
from curate.readers.text_encoding import detect_encoding
from curate.readers.types import InputOptions, Look, NotALog, Place, Unreadable

HEAD = 1 << 20
_LONG_HEAD = 1 << 26  # where no record ends in the first: 64 MiB
_SAMPLE = 100  # records judged
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_KNOWN_BINARY = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "a SQLite database",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old Office file; save it as .xlsx",
    b"Rar!": "a RAR archive; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"BZh": "compressed with bzip2; unpack it or use .gz or .zst",
    b"\xfd7zXZ": "compressed with xz; unpack it or use .gz or .zst",
    b"ARROW1": "an Arrow file; save it as Parquet",
}


_PROSE = {".md", ".rst", ".markdown", ".py", ".toml", ".yaml", ".yml", ".html", ".htm", ".xml", ".css", ".js"}
_PROSE |= {".ini", ".cfg", ".sh", ".tex", "readme", "license", "licence", "notice", "changelog", "makefile"}


def look_at(place: Place, options: InputOptions) -> tuple[Look, ...]:
    """What the place holds. Raises Unreadable with the reason and, where there are any, the candidates."""
    head = read_head(place, HEAD)
    container, unclear = "", None
    try:
        container = container_of(head, options.encoding)
        if container == "csv" and not _is_prose(place.member or place.path):
            container, unclear = import_module(CONTAINERS["text"]).csv_or_text(head, options)
        looks: Sequence[Look] = import_module(CONTAINERS[container]).look(place, options, head)
    except Unreadable:
        read_head(place, HEAD, unbroken=True)  # a break near the start is the better reason
        if container == "csv" and options.format == "auto" and _is_prose(place.member or place.path):
            raise NotALog("not a chat log: documentation or code by its name, and no table") from None
        if unclear:
            raise Unreadable(unclear) from None
        if (
            container == "csv"
            and options.format == "auto"
            and is_text_export(decode_head(head, options.encoding)[0])
        ):
            raise Unreadable(TEXT_EXPORT) from None
        raise
    return tuple(looks)


def _is_prose(name: str) -> bool:
    """Whether a file that no container fits says by its name why: used for the reason only."""
    stem, suffix = Path(name).stem.lower(), Path(name).suffix.lower()
    return suffix in _PROSE or stem in _PROSE


def container_of(head: bytes, encoding: str = "auto") -> str:
    """The container a file's first bytes show. Raises Unreadable for what holds no text.

    >>> container_of(b'{"a": 1}\\n{"a": 2}\\n'), container_of(b'[\\n {"a": 1}\\n]')
    ('jsonl', 'json')
    >>> container_of(b"id;text\\n1;Hi")
    'csv'
    """
    if not head:
        raise Unreadable("empty file")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    for magic, name in _KNOWN_BINARY.items():
        if head.startswith(magic):
            raise Unreadable(f"not a chat log: {name}")
    text = decode_head(head, encoding)[0].lstrip("\ufeff")
    if not text.strip():
        raise Unreadable("nothing but white space")
    if _is_lines(text):
        return "jsonl"
    if text.lstrip()[0] in "{[":
        return "json"
    if encoding == "auto" and len(_BINARY.findall(head)) > 0.1 * len(head) and "\0" in text:
        raise Unreadable("not a chat log: no text")
    return "text" if transcript.looks_like(text) else "csv"


def decode_head(head: bytes, told: str) -> tuple[str, str]:
    """The head as text, with its byte order mark, and its encoding; what does not decode is U+FFFD."""
    encoding = detect_encoding(head, told).name
    return head.decode(encoding.removesuffix("-sig"), "replace"), encoding


def look_at_json(place: Place, options: InputOptions, head: bytes, container: str) -> tuple[Look, ...]:
    """What the records of a JSON file are; one look. Raises Unreadable naming the candidates."""
    text, encoding = decode_head(head, options.encoding)
    looked = Look(
        path=place.path,
        member=place.member,
        source=place.source,
        compression=place.compression,
        size=place.size,
        version=place.version,
        container=container,
        schema="",
        encoding=encoding,
        columns=options.columns,
        roles=options.roles,
    )
    find = _look_at_lines if container == "jsonl" else _look_at_array
    try:
        return (find(looked, options.format, text, len(head) < HEAD),)
    except _TooShortError:
        text = read_head(place, _LONG_HEAD).decode(encoding.removesuffix("-sig"), "replace")
    try:
        return (find(looked, options.format, text, True),)
    except _TooShortError:
        raise Unreadable(f"no record ends in the first {_LONG_HEAD >> 20} MiB") from None


class _TooShortError(Exception):
    """The head holds no whole record."""


def _is_lines(text: str) -> bool:
    """Whether lines are JSON values of their own: at least half of the whole ones among the first."""
    lines = [line for line in text.split("\n", 2 * _SAMPLE) if line.strip()]
    if len(lines) == 1:
        return lines[0].lstrip().startswith("{") and not _wraps(lines[0])
    return 2 * sum(map(_is_json, lines[:_SAMPLE])) >= len(lines[:_SAMPLE])


def _is_json(line: str) -> bool:
    """Whether a line is a JSON value of its own; two on a line count, an element of an array does not."""
    line = line.strip("\ufeff \t\r\n")
    if line[:1] not in ("{", "["):
        return False
    try:
        _, stop = json.JSONDecoder(strict=False).raw_decode(line)
    except (ValueError, RecursionError):
        return False
    return not line[stop:].lstrip().startswith((",", "]"))


def _wraps(text: str) -> bool:
    """Whether an object is no record itself but holds a list of records."""
    found = list(_parsed([text]))
    if not found or claimed_by(found[0], {}):
        return False
    lists = [value for value in found[0].values() if isinstance(value, list)]
    return any(claimed_by(element, {}) for held in lists for element in held[:_SAMPLE])


def _look_at_lines(looked: Look, told: str, text: str, complete: bool) -> Look:
    lines = text.split("\n") if complete else text.split("\n")[:-1]
    if not lines:
        raise _TooShortError
    records = list(_parsed(line for line in lines[: 2 * _SAMPLE] if line.strip()))
    if not records and told == "auto":
        raise Unreadable("not JSON, though it begins like it: none of its first lines can be read")
    return replace(looked, schema=detect(records[:_SAMPLE], told, looked.columns))


def _parsed(texts: Iterable[str]) -> Iterator[Any]:
    for text in texts:
        try:
            yield parse(text)
        except Unreadable:
            continue


def _look_at_array(looked: Look, told: str, text: str, complete: bool) -> Look:
    """The array at the top, or the one that the object at the top wraps, or one record."""
    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    if text[start] == "{":
        return _look_at_object(looked, told, text, start, complete)
    return _look_inside(looked, told, text, start + 1, complete, {})


def _look_inside(
    looked: Look, told: str, text: str, inside: int, complete: bool, facts: dict[str, str]
) -> Look:
    records = _elements(text, inside, complete)
    if not records:
        raise Unreadable("an empty list") if complete else _TooShortError
    schema = detect(records, told, looked.columns)
    if schema == ROWS and told == "auto" and not facts and not _named(records, looked):
        return replace(looked, schema=detect([records], told, looked.columns), facts={"whole": "one record"})
    offset = len(text[:inside].encode("utf-8", "replace"))
    return replace(looked, schema=schema, facts={"inside": str(offset), **facts})


def _named(records: Sequence[Any], looked: Look) -> bool:
    """Whether rows of messages name their conversation; a list without is one conversation."""
    names = (looked.columns["conversation_id"],) if "conversation_id" in looked.columns else ID[:-2]
    return any(name in record for record in records if isinstance(record, dict) for name in names)


def _elements(text: str, inside: int, complete: bool) -> list[Any]:
    """The first whole elements of an array that begins before `inside`."""
    raw = text[inside:].encode("utf-8", "replace")
    found = [element for _, element in split(raw)]
    if not complete:
        found = found[:-1]
    return list(_parsed(element.decode("utf-8", "replace") for element in found[:_SAMPLE]))


def _look_at_object(looked: Look, told: str, text: str, start: int, complete: bool) -> Look:
    """A record that is the whole file, or an object that wraps the array of records."""
    if told == "auto" and not looked.columns and is_discord([key for key, _ in _keys(text, start)]):
        raise Unreadable(DISCORD_EXPORT)  # known by what stands before its messages, however long they are
    whole = list(_parsed([text])) if complete else []
    if whole and not _wraps(text) and (told != "auto" or claimed_by(whole[0], looked.columns)):
        return replace(looked, schema=detect(whole, told, looked.columns), facts={"whole": "one record"})
    for key, inside in _arrays(text, start):
        records = _elements(text, inside, complete)
        if any(claimed_by(record, looked.columns) for record in records):
            if all(claimed_by(record, looked.columns) == [ROWS] for record in records):
                return replace(
                    looked, schema=detect([{key: records}], told, {}), facts={"whole": "one record"}
                )
            facts = {"key": key, "before": "" if _first_key(text, start, inside) else "other fields"}
            return _look_inside(looked, told, text, inside, complete, facts)
    if not complete:
        raise _TooShortError
    if not whole:
        raise Unreadable("not JSON, though it begins like it")
    raise Unreadable("not a chat log: a JSON object that neither is a known record nor holds a list of them")


_KEY = re.compile(r'\s*[{,]\s*("(?:[^"\\]|\\.)*")\s*:\s*')


def _arrays(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Keys of the object at the top that hold arrays, with where the array's inside begins."""
    return ((key, place + 1) for key, place in _keys(text, start) if text[place : place + 1] == "[")


def _keys(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Keys of the object at the top with where their values begin, as far as the text goes."""
    decoder, place = json.JSONDecoder(strict=False), start
    while found := _KEY.match(text, place):
        yield str(json.loads(found[1])), found.end()
        try:
            _, place = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            return


def _first_key(text: str, start: int, inside: int) -> bool:
    """Whether nothing but the one key stands before the array."""
    found = _KEY.match(text, start)
    return found is not None and found.end() + 1 == inside
