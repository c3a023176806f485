"""What a comparison of two runs says, as frozen dataclasses, and their JSON twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

FORMAT = "tamis-compare"
VERSION = 2
"""Raised when a field changes its name or meaning; fields may be added without."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs: where it lies, how it was made, what it has.

    `masked` and `learned` count answers: the loss is on messages of the assistant that are kept.
    """

    folder: str
    recipe: str
    started: str
    content: str
    unreadable: int
    conversations: int
    messages: int
    kept: int
    kept_messages: int
    masked: int
    learned: int


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An option of a pass that differs, as JSON values; null on a side whose recipe has no such pass."""

    by: str
    option: str
    a: Any
    b: Any


@dataclass(frozen=True, kw_only=True)
class Did:
    """What a pass did in one run. `took` counts conversations that ended with it."""

    took: int = 0
    removed: int = 0
    masked: int = 0
    flagged: int = 0


@dataclass(frozen=True, kw_only=True)
class PassMove:
    """What a pass did in both runs; null where the recipe has it not."""

    by: str
    a: Did | None
    b: Did | None


@dataclass(frozen=True, kw_only=True)
class SliceMove:
    """Messages of a source, language or role in both runs: read, kept, and of those answers learned from."""

    kind: str
    name: str
    a_read: int
    a_kept: int
    a_learned: int
    b_read: int
    b_kept: int
    b_learned: int


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Conversations kept in one run only, by the pass that removed them in the other; a few of them."""

    kept_in: str  # a or b
    removed_by: str
    conversations: int


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One such conversation: its id, where it was read, why it was removed, how it opens (cut short)."""

    kept_in: str
    removed_by: str
    conversation_id: str
    source: str
    record: int
    evidence: str | None
    roles: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fates:
    """Every conversation of the same input by what became of it in both runs.

    `otherwise` of those kept in both have other messages left or masked.
    """

    both: int
    otherwise: int
    only_a: int
    only_b: int
    neither: int
    reasons: tuple[Reason, ...]
    examples: tuple[Moved, ...]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A number of the bias audit in both runs with its 95% intervals; the difference, b less a, with its own.

    `what` is removed (share of a slice's messages), mentions (share of kept messages that mention a group)
    or a gap; `sure` where the interval of the difference leaves out 0.
    """

    what: str
    kind: str
    slice: str
    measure: str
    language: str
    a: float
    a_low: float
    a_high: float
    b: float
    b_low: float
    b_high: float
    difference: float
    low: float
    high: float
    sure: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that the page of two runs says. `fates` is null where they read different inputs."""

    tamis: str
    a: Side
    b: Side
    same_input: bool
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]
    settings: tuple[Setting, ...]
    passes: tuple[PassMove, ...]
    slices: tuple[SliceMove, ...]
    fates: Fates | None
    bias: tuple[Shift, ...] | None
    groups: dict[str, dict[str, str]]
    format: str = FORMAT
    version: int = VERSION


def to_json(facts: Comparison) -> bytes:
    """The JSON twin, indented, ending with a line feed."""
    return msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n"
