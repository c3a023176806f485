"""A page put in its place whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def put(path: Path, data: bytes) -> Path:
    """The path, once the whole of `data` stands in it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
