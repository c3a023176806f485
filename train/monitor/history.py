"""The history of what was watched: a line a batch, aggregates only; a lock; what makes a batch the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from train.errors import ConfigError, DataError

NAME, PAGE, FOUND, LOCK = "history.jsonl", "monitor.html", "alarms.json", ".lock"
BLOCK = 2**20


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; ConfigError where another process holds it. It goes with its process.

    A folder that was made for it goes too where nothing came of it.
    """
    import fcntl

    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(
                f"{folder} is being written by another 'train monitor'; wait for it, or give another --to"
            ) from error
        try:
            yield
        except BaseException:
            if new and [one.name for one in folder.iterdir()] == [LOCK]:
                (folder / LOCK).unlink()
                folder.rmdir()
            raise


def read(folder: Path) -> list[dict[str, Any]]:
    """The lines of a history, oldest first; DataError where one is damaged."""
    place = folder / NAME
    if not place.exists():
        return []
    told = []
    for number, line in enumerate(place.read_text("utf-8").splitlines(), 1):
        try:
            told.append(json.loads(line))
        except ValueError as error:
            raise DataError(f"{place} line {number} is not JSON; take that line out") from error
    return told


def append(folder: Path, line: Mapping[str, Any]) -> None:
    """Add a line, whole or not at all."""
    place = folder / NAME
    before = place.read_text("utf-8") if place.exists() else ""
    put(place, before + json.dumps(dict(line), ensure_ascii=False) + "\n")


def put(place: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_text(text, "utf-8", "replace")
    beside.replace(place)


def files(logs: Sequence[str]) -> list[Path]:
    """The files of the logs given, folders opened; DataError where there are none."""
    found: list[Path] = []
    for name in logs:
        place = Path(name)
        if not place.exists():
            raise DataError(f"no logs at {name}; give files or folders of fresh logs")
        found += [one for one in place.rglob("*") if one.is_file()] if place.is_dir() else [place]
    if not found:
        raise DataError(f"no file in {', '.join(logs)}; give files or folders of fresh logs")
    return sorted(found)


def content(places: Sequence[Path], whole: bool = True) -> str:
    """16 hex digits of what files hold, in whatever order and under whatever names they lie.

    `whole` False: of files over two blocks, their size and both ends (weights of a model).
    """
    hashes = []
    for place in places:
        digest = hashlib.sha256()
        size = place.stat().st_size
        with place.open("rb") as file:
            if whole or size <= 2 * BLOCK:
                while block := file.read(BLOCK):
                    digest.update(block)
            else:
                digest.update(str(size).encode() + file.read(BLOCK))
                file.seek(-BLOCK, os.SEEK_END)
                digest.update(file.read(BLOCK))
        hashes.append(digest.hexdigest())
    return hashlib.sha256(" ".join(sorted(hashes)).encode()).hexdigest()[:16]


def model_key(model: str) -> str:
    """What a model is told by: the files of its folder that make it, or its name on the hub."""
    place = Path(model)
    if not place.is_dir():
        return model
    made = [one for one in place.iterdir() if one.suffix in (".safetensors", ".bin", ".jinja")]
    made += [place / name for name in ("config.json", "tokenizer.json", "adapter_config.json")]
    return content(sorted({one for one in made if one.is_file()}), whole=False)
