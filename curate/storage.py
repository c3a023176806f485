"""Where results are written: a folder, or a bucket, through fsspec. A file is there whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fsspec

from curate.errors import TamisError

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@dataclass(frozen=True)
class Storage:
    """A root under which files are written; `root` is a path or a URL such as s3://bucket/set."""

    root: str

    @property
    def local(self) -> bool:
        """True when the root is a folder of this machine."""
        return "://" not in self.root

    def path(self, name: str) -> str:
        """The full path or URL of a file, as Polars reads it."""
        return str(Path(self.root) / name) if self.local else f"{self.root.rstrip('/')}/{name}"

    def write(self, name: str, content: bytes) -> None:
        """Put a file: in a folder by fsync and rename, in a bucket by one put. TamisError when full."""
        try:
            if self.local:
                self._write_local(Path(self.path(name)), content)
            else:
                with self._reached(), fsspec.open(self.path(name), "wb") as sink:
                    sink.write(content)
        except OSError as error:
            if error.errno in FULL:
                raise TamisError(
                    f"the disk is full: '{name}' could not be written under {self.root}; make room and run "
                    "the same command again, what is done stays done"
                ) from None
            raise TamisError(
                f"'{name}' cannot be written under {self.root}: {os.strerror(error.errno or 0)}"
            ) from None

    @staticmethod
    def _write_local(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as sink:
                sink.write(content)
                sink.flush()
                os.fsync(sink.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError."""
        if self.local:
            return Path(self.path(name)).read_bytes()
        with self._reached(), fsspec.open(self.path(name), "rb") as source:
            content: bytes = source.read()
            return content

    def exists(self, name: str) -> bool:
        """True when the file or folder is there."""
        if self.local:
            return Path(self.path(name)).exists()
        with self._reached():
            system, path = self._system(name)
            return bool(system.exists(path))

    def names(self, folder: str) -> list[str]:
        """The files directly in a folder, sorted, as names under the root; none when it is not there."""
        if self.local:
            where = Path(self.path(folder))
            found = (p.name for p in where.iterdir() if p.is_file()) if where.is_dir() else ()
        else:
            with self._reached():
                system, path = self._system(folder)
                listed = system.ls(path, detail=False) if system.exists(path) else ()
            found = (str(p).rsplit("/", 1)[-1] for p in listed)
        return sorted(f"{folder}/{name}" for name in found if not name.endswith(".part"))

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all in it; nothing where it is not there."""
        if not self.exists(name):
            return
        with self._reached():
            system, path = self._system(name)
            system.rm(path, recursive=True)

    def remove_unfinished(self) -> None:
        """Remove what a killed process left of files that it was writing, in a folder; a bucket has none."""
        if self.local:
            for part in Path(self.root).rglob(".*.part"):
                part.unlink(missing_ok=True)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Raises TamisError for what a bucket's library says where it is not reached: its kind, no more."""
        try:
            yield
        except (TamisError, FileNotFoundError):
            raise
        except Exception as error:
            raise TamisError(
                f"'{self.root}' cannot be reached ({type(error).__name__}); check its name, your credentials "
                "and the network"
            ) from None

    def _system(self, name: str) -> tuple[fsspec.AbstractFileSystem, str]:
        """The file system of the root and the path in it. Raises TamisError where its library is missing."""
        try:
            system, path = fsspec.core.url_to_fs(self.path(name), use_listings_cache=False)
        except (ImportError, ValueError):
            scheme = self.root.partition("://")[0]
            extra = {"gs": "gcs"}.get(scheme, scheme)
            raise TamisError(
                f"'{scheme}://' cannot be written here: pip install 'tamis[{extra}]'; "
                "folders, s3:// and gs:// can be written"
            ) from None
        return system, path
