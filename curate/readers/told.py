"""Which of the given files an `[[input]]` of the recipe says how to read, where INPUT is given as well."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from curate.readers.remote import is_url
from curate.readers.types import InputOptions, Place


@dataclass(frozen=True)
class Told:
    """The `[[input]]` of a recipe, and the folders from which their `files` may be named."""

    entries: tuple[InputOptions, ...] = ()
    folders: tuple[str, ...] = ()  # the recipe's own, the current one

    def entry_of(self, place: Place) -> InputOptions | None:
        """The first entry that names the place; None where none does."""
        return next((one for one in self.entries if names(one, place, self.folders)), None)


def names(entry: InputOptions, place: Place, folders: Sequence[str] = ()) -> bool:
    """Whether one of the entry's `files` (a name, a folder, a glob) names the place.

    By its bare name, by its shown name (its path below the folder that was given), or by its path from one
    of `folders`. `**` stands for any number of folders, none as well, as in the globs of INPUT.

    >>> place = Place(path="/logs/2024/chat.csv", source="2024/chat.csv")
    >>> def named(*files): return names(InputOptions(files=files), place, ("/recipes",))
    >>> named("chat.csv"), named("2024"), named("**/*.csv"), named("../logs/*/chat.csv")
    (True, True, True, True)
    >>> named("*.jsonl"), named("2023/chat.csv"), named("*/*/chat.csv")
    (False, False, False)
    """
    shown = PurePosixPath(place.source)
    if any(fits(shown, PurePosixPath(one)) or one == shown.name for one in entry.files):
        return True
    if any("/" not in one and fits(PurePosixPath(shown.name), PurePosixPath(one)) for one in entry.files):
        return True
    if is_url(place.path):
        return any(fnmatchcase(place.path, one) for one in entry.files)
    whole = Path(os.path.realpath(place.path), place.member)
    patterns = [os.path.realpath(Path(folder, one)) for folder in folders for one in entry.files]
    return any(fits(PurePosixPath(whole.as_posix()), PurePosixPath(Path(one).as_posix())) for one in patterns)


def fits(path: PurePosixPath, pattern: PurePosixPath) -> bool:
    """Whether a pattern matches a path or a folder above it.

    >>> path = PurePosixPath("a/b/c.csv")
    >>> [fits(path, PurePosixPath(pattern)) for pattern in ("a/**/c.*", "a", "b")]
    [True, True, False]
    """
    return _fit(path.parts, pattern.parts)


def _fit(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    if not wanted:
        return True  # what is left lies below the folder that the pattern names
    if wanted[0] == "**":
        return any(_fit(parts[place:], wanted[1:]) for place in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], wanted[0]) and _fit(parts[1:], wanted[1:])


Found = tuple[Place | tuple[str, str], InputOptions, InputOptions | None]
"""A place that `list_places` gave, or (shown name, reason) of one that cannot be opened; how it is read; the
entry that names it."""


def sorted_out(places: Sequence[Place | tuple[str, str]], given: InputOptions, told: Told) -> list[Found]:
    """Each place with how it is read: as the entry that names it says, else as given.

    A `--format` that was given with INPUT stands over the entry's; a `source` of the entry is shown.
    """
    entries = [told.entry_of(place) if isinstance(place, Place) else None for place in places]
    found: list[Found] = []
    for place, entry in zip(places, entries, strict=True):
        if entry is None or not isinstance(place, Place):
            found.append((place, given, None))
            continue
        if entry.source:
            alone = entries.count(entry) == 1
            place = replace(place, source=entry.source if alone else f"{entry.source}/{place.source}")
        options = entry if given.format == "auto" else replace(entry, format=given.format)
        found.append((place, options, entry))
    return found
