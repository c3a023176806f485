"""Inputs that are named by URL (s3://, gs://, https:// and what else fsspec knows): listed, and opened.

Nothing is copied to disk. A server of HTTP that gives no ranges is read from the start each time. Of the
libraries' errors no text is passed on, and of a URL neither its query nor its credentials are shown.
"""

from __future__ import annotations

import io
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from curate.errors import InputError
from curate.readers.types import Unreadable

BLOCK = 8 << 20
"""Bytes asked for at a time."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_VERSIONS = ("ETag", "etag", "md5Hash", "Content-MD5", "Last-Modified", "LastModified")
_EXTRAS = {"gs": "gcs", "gcs": "gcs", "s3": "s3", "s3a": "s3", "http": "http", "https": "http"}


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file at a URL: its size, what its server calls this version of it ("" where it says nothing)."""

    url: str
    name: str  # shown: relative to what was given
    size: int
    version: str


def is_url(name: str) -> bool:
    """Whether a name is a URL.

    >>> is_url("s3://bucket/logs"), is_url("C:\\\\logs"), is_url("logs/a.jsonl")
    (True, False, False)
    """
    return _SCHEME.match(name) is not None


def shown(url: str) -> str:
    """The URL without credentials, query and fragment.

    >>> shown("https://ann:secret@example.org/a%20b.jsonl?token=x")
    'https://example.org/a b.jsonl'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{unquote(parts.path)}"


def listed(url: str) -> list[RemoteFile]:
    """The files that a URL names: one, all below a folder of a bucket, those that a glob of one matches.

    Raises InputError where there is none, where it may not be read, or where the library for it is missing.
    """
    system, path = _system(url)
    try:
        found = _found(system, path, url)
    except InputError:
        raise
    except FileNotFoundError:
        raise _missing(url) from None
    except Exception:  # each library has errors of its own; none of their texts is passed on
        raise InputError(
            f"input '{shown(url)}' cannot be listed: no answer, no permission or no credentials; check its "
            "address and the environment variables of its service"
        ) from None
    if not found:
        raise _missing(url)
    return found


def distinct_urls(files: Mapping[str, RemoteFile], taken: Iterable[str]) -> dict[str, str]:
    """URL: the name to show; the whole address where two, or a file of this machine, have the same."""
    names = Counter([file.name for file in files.values()])
    names.update(set(taken))
    return {
        url: file.name if names[file.name] == 1 else shown(url).partition("://")[2]
        for url, file in files.items()
    }


def _found(system: Any, path: str, url: str) -> list[RemoteFile]:
    if urlsplit(url).scheme in ("http", "https"):
        name = posixpath.basename(unquote(urlsplit(url).path))
        if not name:
            raise InputError(f"input '{shown(url)}' names no file; give the URL of each file")
        info = system.info(path)
        size = info.get("size")
        return [_file(url, name, {**info, "size": _counted(system, path) if size is None else size})]
    protocol = url.partition("://")[0]
    if any(sign in path for sign in "*?["):
        fixed = posixpath.dirname(re.split(r"[*?\[]", path)[0])
        infos = system.glob(path, detail=True)
    elif system.isfile(path):
        fixed, infos = posixpath.dirname(path), {path: system.info(path)}
    else:
        fixed, infos = path.rstrip("/"), system.find(path, detail=True)
    files = {place: info for place, info in infos.items() if info.get("type") == "file"}
    return [
        _file(f"{protocol}://{place}", place.removeprefix(fixed).lstrip("/"), info)
        for place, info in sorted(files.items())
    ]


def _file(url: str, name: str, info: dict[str, Any]) -> RemoteFile:
    told = [
        info.get(key) for key in ("ETag", "etag", "md5Hash", "Content-MD5", "Last-Modified", "LastModified")
    ]
    version = next((str(one) for one in told if one), "")
    return RemoteFile(url=url, name=name, size=int(info.get("size") or 0), version=version)


def _counted(system: Any, path: str) -> int:
    """The size of what a server sends without saying how much it is."""
    with system.open(path, "rb", block_size=0) as stream:
        return sum(map(len, iter(lambda: stream.read(BLOCK), b"")))


def _missing(url: str) -> InputError:
    return InputError(
        f"input '{shown(url)}' does not exist or may not be read; check the address and the credentials"
    )


def _system(url: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except (ImportError, ValueError):
        scheme = url.partition("://")[0]
        extra = _EXTRAS.get(scheme.lower())
        step = f"pip install 'tamis[{extra}]'" if extra else "s3://, gs:// and https:// can be read"
        raise InputError(f"'{scheme}://' cannot be read here: {step}") from None
    return system, str(path)


def opened(url: str) -> BinaryIO:
    """The file's bytes, `seekable()` where the server gives ranges. Raises Unreadable, also from `read`."""
    try:
        system, path = _system(url)
        stream = system.open(path, "rb", block_size=BLOCK, cache_type="readahead")
        if urlsplit(url).scheme in ("http", "https") and not _gives_ranges(stream):
            stream = system.open(path, "rb", block_size=0)
            return cast(BinaryIO, Remote(stream, ranges=False))
    except FileNotFoundError:
        raise Unreadable("file vanished after it was looked at") from None
    except PermissionError:
        raise Unreadable("no permission to read the file") from None
    except Exception:  # as in `listed`
        raise Unreadable("file cannot be opened") from None
    return cast(BinaryIO, Remote(stream, ranges=True))


def _gives_ranges(stream: Any) -> bool:
    """Whether the server answers for a part: it is asked for the last byte."""
    if not hasattr(stream, "_fetch_range") or (stream.size or 0) < 2:
        return False
    try:
        return len(stream._fetch_range(stream.size - 1, stream.size)) == 1
    except Exception:  # "does not support" has no type of its own
        return False


class Remote(io.RawIOBase):
    """A stream from elsewhere whose errors become Unreadable."""

    def __init__(self, stream: Any, *, ranges: bool) -> None:
        self._stream = stream
        self._ranges = ranges

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """Whether any part of it can be asked for."""
        return self._ranges

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte; `io.UnsupportedOperation` where that cannot be done."""
        if not self._ranges:
            raise io.UnsupportedOperation("seek")
        return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        """The byte that is read next."""
        return int(self._stream.tell())

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; 0 at the end. Raises Unreadable where the connection breaks."""
        try:
            part = self._stream.read(len(buffer))
        except Exception:  # as in `listed`
            raise Unreadable("file cannot be read to its end") from None
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Close the stream below as well."""
        self._stream.close()
        super().close()
