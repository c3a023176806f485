"""Files, folders, globs and archives: the list of places to look at, and their bytes decompressed."""

from __future__ import annotations

import glob
import io
import os
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from curate.errors import InputError
from curate.readers.remote import RemoteFile, distinct_urls, is_url, listed, opened
from curate.readers.streams import DAMAGED_ZIP, Decompressed, Guarded
from curate.readers.types import InputOptions, Place, Unreadable

_MAGIC = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}
_JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini"}
"""What operating systems leave in folders; names with a leading dot are left out as well."""


OUTPUTS = {
    "messages",
    "verdicts",
    "curated",
    "pairs",
    "_work",
    "manifest.json",
    "quarantine.jsonl",
    "README.md",
}
OUTPUTS |= {"report.html", "report.json", "bias.html", "bias.json"}
"""What a run writes: left out where a folder that is read holds a run, so that none reads its own output."""


def list_places(options: InputOptions) -> list[Place | tuple[str, str]]:
    """The files that `options.files` names, archives opened into members, in order of their shown names.

    A place that cannot be opened is (shown name, reason). Shown names are relative to the folder given, or
    to the part of a glob before its first wildcard, so that they are the same wherever the folder lies.
    Raises InputError for a name that does not exist or matches nothing.
    """
    far = {file.url: file for name in options.files if is_url(name) for file in listed(name)}
    near = [pair for name in options.files if not is_url(name) for pair in _named(name)]
    shown: dict[Path | str, str] = dict(_distinct(near).items())
    shown.update(distinct_urls(far, {name for _, name in near}).items())
    if options.source:
        alone = len(shown) == 1
        shown = {
            path: options.source if alone else f"{options.source}/{name}" for path, name in shown.items()
        }
    found = [
        place
        for path, name in shown.items()
        for place in (_opened_far(far[path], name) if isinstance(path, str) else _opened(path, name))
    ]
    return sorted(found, key=lambda place: place.source if isinstance(place, Place) else place[0])


def open_bytes(place: Place) -> BinaryIO:
    """The place's bytes, decompressed. Raises Unreadable with our sentence, here and from `read`."""
    try:
        raw = _member(place) if place.member else open_raw(place)
    except FileNotFoundError:
        raise Unreadable("file vanished after it was looked at") from None
    except PermissionError:
        raise Unreadable("no permission to read the file") from None
    except (KeyError, *DAMAGED_ZIP):
        raise Unreadable("file cannot be opened") from None
    if place.compression:
        return cast(BinaryIO, Decompressed(raw, place.compression))
    return cast(BinaryIO, Guarded(raw)) if place.member else raw


def open_raw(place: Place) -> BinaryIO:
    """The file's bytes as they lie, an archive's too. Raises OSError, or Unreadable for one at a URL."""
    return opened(place.path) if is_url(place.path) else Path(place.path).open("rb")


def read_head(place: Place, size: int, *, unbroken: bool = False) -> bytes:
    """The first `size` decompressed bytes; what a broken file gave before its break, where that is some.

    Raises Unreadable where it gave nothing; with `unbroken`, wherever there is a break.
    """
    parts: list[bytes] = []
    wanted = size
    with open_bytes(place) as stream:
        while wanted > 0:
            try:
                part = stream.read(wanted)
            except Unreadable:
                if unbroken or not parts:
                    raise
                break
            except OSError:
                raise Unreadable("file cannot be read") from None
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
    return b"".join(parts)


def _named(name: str) -> list[tuple[Path, str]]:
    """Files that one argument names, with their shown names."""
    path = Path(name)
    if path.is_dir():
        return [(file, file.relative_to(path).as_posix()) for file in _walk(path)]
    if path.exists():
        return [(path, path.name)]
    if not glob.has_magic(name):
        raise InputError(f"input '{name}' does not exist; give a file, a folder or a quoted glob")
    found = [Path(match) for match in glob.glob(name, recursive=True)]  # noqa: PTH207 - may be absolute
    fixed = Path(*_before_wildcard(path.parts))
    files = [file for match in found for file in (_walk(match) if match.is_dir() else [match])]
    if not files:
        raise InputError(f"no file matches '{name}'; give a file, a folder or a quoted glob")
    return [(file, file.relative_to(fixed).as_posix()) for file in dict.fromkeys(files)]


def _before_wildcard(parts: tuple[str, ...]) -> list[str]:
    fixed: list[str] = []
    for part in parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return fixed


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below, hidden ones left out; a folder that cannot be listed raises InputError."""

    def refuse(error: OSError) -> None:
        raise InputError(f"folder '{error.filename}' cannot be listed; check its permissions")

    for root, folders, names in os.walk(folder, onerror=refuse):
        if ("manifest.json" in names and "verdicts" in folders) or "_work" in folders:
            folders[:] = [name for name in folders if name not in OUTPUTS]
            names = [name for name in names if name not in OUTPUTS]
        folders[:] = sorted(name for name in folders if _wanted(name))
        for name in sorted(filter(_wanted, names)):
            yield Path(root, name)


def _wanted(name: str) -> bool:
    return not name.startswith(".") and name not in _JUNK


def _distinct(paths: list[tuple[Path, str]]) -> dict[Path, str]:
    """Each file once, no shown name twice: names that clash are told from their common folder on."""
    by_path: dict[Path, str] = {}
    for path, name in paths:
        real = path.resolve()
        kept = by_path.get(real)
        by_path[real] = name if kept is None else min(kept, name)
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path, name in by_path.items():
        by_name[name].append(path)
    for clashing in by_name.values():
        if len(clashing) > 1:
            common = Path(os.path.commonpath(clashing))
            by_path.update({path: path.relative_to(common).as_posix() for path in clashing})
    return by_path


def _opened(path: Path, shown: str) -> Iterator[Place | tuple[str, str]]:
    """The file as one place, or the members of an archive as a place each."""
    readable = shown.encode("utf-8", "replace").decode()
    if readable != shown:
        yield readable, "its name is not UTF-8; give it another name"
        return
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            yield shown, "not a regular file"
            return
        with path.open("rb") as stream:
            start = stream.read(4)
    except PermissionError:
        yield shown, "no permission to read the file"
        return
    except OSError:
        yield shown, "file cannot be opened"
        return
    if start == b"PK\x03\x04" or start == b"PK\x05\x06":
        yield from _members(Place(path=str(path), source=shown, size=status.st_size))
        return
    yield Place(path=str(path), source=shown, compression=compression_of(start), size=status.st_size)


def _opened_far(file: RemoteFile, shown: str) -> Iterator[Place | tuple[str, str]]:
    """The same of a file at a URL."""
    place = Place(path=file.url, source=shown, size=file.size, version=file.version)
    try:
        with opened(file.url) as stream:
            start = stream.read(4)
        if start == b"PK\x03\x04" or start == b"PK\x05\x06":
            yield from _members(place)
        else:
            yield replace(place, compression=compression_of(start))
    except Unreadable as unreadable:
        yield shown, unreadable.reason


def compression_of(start: bytes) -> str:
    """What compressed the bytes, by their first four: "", gz or zst.

    >>> compression_of(b"\\x1f\\x8b\\x08\\x00"), compression_of(b"{\\"a\\"")
    ('gz', '')
    """
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")


def _members(whole: Place) -> Iterator[Place | tuple[str, str]]:
    """The members of an archive, or the one file where it is a workbook."""
    shown = whole.source
    try:
        with zipfile.ZipFile(archive_of(whole)) as archive:
            names = {info.filename: info for info in archive.infolist() if not info.is_dir()}
            if "xl/workbook.xml" in names:  # an .xlsx is a zip of its own
                yield whole
                return
            for name, info in sorted(names.items()):
                if not all(map(_wanted, PurePosixPath(name).parts)):
                    continue
                if info.flag_bits & 1:
                    yield f"{shown}/{name}", "archive member is encrypted"
                    continue
                try:
                    with archive.open(info) as stream:
                        start = stream.read(4)
                except DAMAGED_ZIP:
                    yield f"{shown}/{name}", "archive member is damaged or cut off"
                    continue
                if start == b"PK\x03\x04" and not name.endswith(".xlsx"):
                    yield f"{shown}/{name}", "an archive inside an archive; unpack it first"
                    continue
                yield replace(
                    whole,
                    member=name,
                    source=f"{shown}/{name}",
                    compression=compression_of(start),
                    size=info.compress_size,
                )
    except DAMAGED_ZIP:
        yield shown, "archive is damaged or cut off"


def _member(place: Place) -> BinaryIO:
    """A member's stream; it keeps the archive open as long as it needs it."""
    with zipfile.ZipFile(archive_of(place)) as archive:
        return cast(BinaryIO, archive.open(place.member))


def archive_of(place: Place) -> Any:
    """What zipfile opens: the path, or the stream of a URL, in memory where its server gives no ranges."""
    if not is_url(place.path):
        return place.path
    stream = opened(place.path)
    return stream if stream.seekable() else io.BytesIO(stream.read())
