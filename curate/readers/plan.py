"""What will be read: every place looked at once, cut into pieces in an order that arguments cannot change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from types import ModuleType

import polars as pl

from curate.errors import InputError
from curate.readers.containers import CONTAINERS
from curate.readers.detect import ROWS
from curate.readers.inputs import list_places, open_raw
from curate.readers.look import look_at
from curate.readers.options import check_options
from curate.readers.quarantine import Quarantine
from curate.readers.remote import is_url
from curate.readers.told import Told, sorted_out
from curate.readers.types import Batch, InputOptions, Look, NotALog, Piece, Place, Plan, Unreadable
from curate.schema import MESSAGES, QUARANTINE

NOTHING_TOLD = Told()


def plan(
    inputs: Sequence[InputOptions],
    shard_bytes: int = 32 << 20,
    limit: int | None = None,
    told: Told = NOTHING_TOLD,
) -> Plan:
    """Looks at every input and cuts what can be read into pieces.

    Pieces stand in the order of their first file's shown name, then of position. With `limit`, pieces are
    read until there are so many conversations, and the last is cut short: the same ones in every run.
    `told` says how some of them are to be read (see `told.py`).
    Raises InputError where an input does not exist or nothing at all is in them, RecipeError for an
    option that is not one of ours.
    """
    for options in (*inputs, *told.entries):
        check_options(options)
    looks, held, skipped, used = _look_at_all(inputs, told)
    if not looks and not held and not skipped:
        names = ", ".join(f"'{name}'" for options in inputs for name in options.files)
        raise InputError(f"nothing to read in {names}: no file there, hidden ones aside")
    pieces = _cut(looks, shard_bytes)
    chosen = pieces if limit is None else _limited(pieces, limit)
    quarantined = pl.concat([pl.DataFrame(schema=QUARANTINE), *(one.frame() for one in held)])
    return Plan(
        pieces=tuple(chosen),
        quarantined=quarantined.sort("source"),
        detected=tuple(looks),
        skipped=tuple(sorted(skipped)),
        unmatched=tuple(", ".join(one.files) for one in told.entries if one not in used),
    )


def read(piece: Piece) -> Batch:
    """The piece's conversations. What cannot be read is in its quarantine; nothing is raised for it."""
    try:
        batch: Batch = _module(piece.looks[0]).read(piece)
    except Unreadable as error:
        held = Quarantine(piece.looks[0].source)
        held.add(error.reason)
        batch = Batch(pl.DataFrame(schema=MESSAGES), held.frame(), 1, 0)
    return batch if piece.limit is None else _first(batch, piece.limit)


def digest(piece: Piece) -> str:
    """blake2b-128, in hex, of the piece's bytes as on disk and of how it was looked at.

    Equal for equal content wherever the files lie: paths are left out, shown names are in. A file that
    vanished gives the digest of no bytes.
    """
    sums = blake2b(digest_size=16)
    cut = (piece.start, piece.stop, piece.first, piece.limit, piece.broken)
    for look in piece.looks:
        told = replace(look, path="", columns={}, roles={}, facts={})
        maps = [sorted(mapping.items()) for mapping in (look.columns, look.roles, look.facts)]
        sums.update(repr((told, maps, *cut)).encode())
        for part in _bytes_on_disk(look, piece):
            sums.update(part)
    return sums.hexdigest()


def _look_at_all(
    inputs: Sequence[InputOptions], told: Told
) -> tuple[list[Look], list[Quarantine], list[str], list[InputOptions]]:
    """Looks by shown name, the files that give none, those that are no logs; entries of `told` used."""
    looks: list[Look] = []
    held: list[Quarantine] = []
    skipped: list[str] = []
    used: list[InputOptions] = []
    seen: set[tuple[str, str]] = set()
    for given in inputs:
        for place, options, entry in sorted_out(list_places(given), given, told):
            if not isinstance(place, Place):
                held.append(_whole(place[0], place[1]))
                continue
            key = (place.path if is_url(place.path) else str(Path(place.path).resolve()), place.member)
            if key in seen:  # the first input that names a file has it
                continue
            seen.add(key)
            used += [entry] if entry else []
            try:
                looks.extend(look_at(place, options))
            except NotALog:
                skipped.append(place.source)
            except Unreadable as error:
                held.append(_whole(place.source, error.reason))
    return sorted(looks, key=lambda look: look.source), held, skipped, used


def _whole(source: str, reason: str) -> Quarantine:
    held = Quarantine(source)
    held.add(reason)
    return held


def _module(look: Look) -> ModuleType:
    return import_module(CONTAINERS["rows" if look.schema == ROWS else look.container])


def _cut(looks: Sequence[Look], shard_bytes: int) -> Iterator[Piece]:
    """Pieces look by look; rows of messages all together, where the first of their files stands."""
    together: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        if look.schema == ROWS:
            together[ROWS].append(look)
    for look in looks:
        if look.schema != ROWS:
            yield from _module(look).cut([look], shard_bytes)
        elif look is together[ROWS][0]:
            yield from _module(look).cut(together[ROWS], shard_bytes)


def _limited(pieces: Iterator[Piece], limit: int) -> list[Piece]:
    kept: list[Piece] = []
    for piece in pieces:
        if limit <= 0:
            break
        found = read(piece).conversations
        kept.append(piece if found <= limit else replace(piece, limit=limit))
        limit -= found
    return kept


def _first(batch: Batch, limit: int) -> Batch:
    """The first conversations of a batch, and of its quarantine what stands before the last one's end."""
    if batch.conversations <= limit:
        return batch
    opens = batch.messages["turn"] == 0
    messages = batch.messages.filter(opens.cast(pl.UInt32).cum_sum() <= limit)
    last = messages["record"].max() or 0
    held = batch.quarantined.filter(pl.col("record") <= last)
    records = messages.select("source", "record").unique().height + held.height
    return Batch(messages, held, records, limit)


def _bytes_on_disk(look: Look, piece: Piece) -> Iterator[bytes]:
    """The piece's range where it is one of the file's own bytes, else the whole file."""
    ranged = look.container in ("jsonl", "json", "text") and look.schema != ROWS
    ranged = ranged and look.encoding in ("utf-8", "utf-8-sig")
    ranged |= look.container == "csv" and "regroup" not in look.facts  # its places are bytes as on disk
    ranged = ranged and not (look.compression or look.member)
    if look.version:  # it is in the digest already
        return
    try:
        with open_raw(look) as stream:
            ranged = ranged and stream.seekable()
            left = piece.stop - piece.start if ranged else 1 << 62
            if ranged:
                stream.seek(piece.start)
            while left > 0 and (part := stream.read(min(left, 1 << 20))):
                yield part
                left -= len(part)
    except (OSError, Unreadable):
        return
