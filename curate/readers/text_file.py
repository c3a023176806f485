"""Transcripts in text files: Anthropic's paragraphs, or lines that begin with who speaks."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence

from curate.readers.build import MessageRows
from curate.readers.look import HEAD, decode_head
from curate.readers.quarantine import Quarantine
from curate.readers.ranges import BOM, as_is, chunks, length, open_utf8, read_range
from curate.readers.schemas import transcript
from curate.readers.speakers import AHEAD, Speakers, find_speakers, messages_of, starts
from curate.readers.types import Batch, InputOptions, Look, Piece, Place, Unreadable


def look(place: Place, options: InputOptions, head: bytes) -> tuple[Look, ...]:
    """The one look of a transcript. Raises Unreadable where it is none, or another format was told."""
    if options.format not in ("auto", "transcript"):
        raise Unreadable(f"a text of 'Human:' and 'Assistant:' paragraphs, not format '{options.format}'")
    encoding = decode_head(head, options.encoding)[1]
    found = _speakers_in(_first_part(head, options), options)
    return (
        Look(
            path=place.path,
            member=place.member,
            source=place.source,
            compression=place.compression,
            size=place.size,
            version=place.version,
            container="text",
            schema="transcript",
            encoding=encoding,
            facts=_facts(found) if found else {},
        ),
    )


def csv_or_text(head: bytes, options: InputOptions) -> tuple[str, str | None]:
    """ "text" where lines begin with speakers, else "csv"; and what is not clear about speakers, if any."""
    if options.format not in ("auto", "transcript"):
        return "csv", None
    told = options.format == "transcript"
    try:
        found = find_speakers(_first_part(head, options), options.roles, told=told)
    except Unreadable as unreadable:
        return "csv", unreadable.reason
    return ("text" if found or told else "csv"), None


def _first_part(head: bytes, options: InputOptions) -> str:
    """The whole lines of a file's first bytes."""
    text = decode_head(head, options.encoding)[0].lstrip("\ufeff").replace("\r\n", "\n")
    return text if len(head) < HEAD else text[: text.rfind("\n") + 1]


def _speakers_in(text: str, options: InputOptions) -> Speakers | None:
    """The speakers of a file's first part; None for one conversation of Anthropic's paragraphs.

    Raises Unreadable where it is no transcript, or it is not clear how to read it.
    """
    paragraphs = transcript.looks_like(text)
    if paragraphs and text.startswith("\n\nHuman:"):
        return None
    try:
        found = find_speakers(text, options.roles, told=options.format == "transcript")
    except Unreadable:
        if paragraphs:
            return None
        raise
    if paragraphs and (found is None or found.form == "one"):
        return None
    if found is None:
        raise Unreadable("no transcript: it does not begin with a speaker and a colon")
    return found


def _facts(found: Speakers) -> dict[str, str]:
    told = {**vars(found), "roles": dict(found.roles), "doubtful": sorted(found.doubtful)}
    return {"speakers": json.dumps(told)}


def _speakers(facts: Mapping[str, str]) -> Speakers | None:
    if "speakers" not in facts:
        return None
    told = json.loads(facts["speakers"])
    return Speakers(**{**told, "doubtful": frozenset(told["doubtful"])})


def cut(looks: Sequence[Look], shard_bytes: int) -> Iterator[Piece]:
    """Pieces of whole conversations, in one reading; a file that holds one conversation is one piece."""
    for each in looks:
        speakers = _speakers(each.facts)
        if speakers is None or speakers.form == "one":
            yield Piece(looks=(each,), start=0, stop=length(each), weight=each.size)
            continue
        start, first, number, end = 0, 1, 1, 0
        for place in itertools.chain(_borders(each, speakers), [None]):
            if place is None:
                end = length(each)
            elif place - start < shard_bytes:
                number += 1
                continue
            stop = end if place is None else place
            yield Piece(looks=(each,), start=start, stop=stop, weight=max(1, stop - start), first=first)
            start, number = stop, number + 1
            first = number


def _borders(each: Look, speakers: Speakers) -> Iterator[int]:
    """The bytes at which conversations begin, the first left out."""
    rest, place = b"", 0
    try:
        with open_utf8(each) as stream:
            for part in itertools.chain(chunks(stream), [b""]):
                data = rest + part
                raw = data.split(b"\n")
                begins = list(itertools.accumulate((len(line) + 1 for line in raw), initial=place))
                ready = len(raw) - AHEAD if part else len(raw)  # behind it lines are still to come
                last = 0
                for at in itertools.islice(starts([_line(line) for line in raw], speakers), 1, None):
                    if at >= ready:
                        break
                    yield begins[at]
                    last = at
                # The rest begins with a conversation, so that it is cut as if it were read on its own.
                rest, place = data[begins[last] - place :], begins[last]
    except Unreadable:
        return  # reading meets the break again


def _line(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").removesuffix("\r")


def read(piece: Piece) -> Batch:
    """The conversations; one that does not decode, or in which the file breaks, is one quarantine row."""
    look = piece.looks[0]
    speakers = _speakers(look.facts)
    data, broken = read_range(look, piece.start, piece.stop)
    rows, held = MessageRows(look.source), Quarantine(look.source)
    raw = data.split(b"\n")
    lines = [_line(line) for line in raw]
    begins = list(itertools.accumulate((len(line) + 1 for line in raw), initial=piece.start))
    bounds = [*starts(lines, speakers), len(lines)] if speakers else [0, len(lines)]
    for number, (start, stop) in enumerate(itertools.pairwise(bounds), piece.first):
        content = b"\n".join(raw[start:stop])
        try:
            if broken and stop == len(lines):
                raise Unreadable(broken)
            messages = list(_messages(content, speakers))
        except Unreadable as error:
            spot = (begins[start], begins[start] + len(content)) if as_is(look) else (None, None)
            held.add(error.reason, record=number, start=spot[0], stop=spot[1], raw=content)
            continue
        _add(rows, number, messages)
    records = len(bounds) - 1
    assert rows.conversations + len(held) == records, "a record was lost"
    return Batch(rows.frame(), held.frame(), records, rows.conversations)


def _messages(content: bytes, speakers: Speakers | None) -> Iterator[tuple[str, str, str]]:
    """(name, role, text): the name where it is spelled otherwise than the role."""
    text = _decoded(content.removeprefix(BOM))
    if speakers is None:
        for role, said in transcript.split(text.removesuffix("\n")):
            yield role, role, said
    else:
        yield from messages_of(text.split("\n"), speakers)


def _add(rows: MessageRows, number: int, messages: Sequence[tuple[str, str, str]]) -> None:
    """A conversation; what stands above its first message goes to the extra of that."""
    heading = {"heading": messages[0][2]} if not messages[0][1] else {}
    rows.open(number, extra=heading)
    for name, role, said in messages[1:] if heading else messages:
        rows.add(role, said, extra={"role": name} if name != role else None)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not text in the file's encoding at byte {error.start + 1}") from None
