"""What a comparison of two runs says: its JSON twin as `curate compare` wrote it."""

from __future__ import annotations

from typing import Any

import msgspec

from reports.shapes import ReportError

FORMAT = "tamis-compare"
VERSION = 2


class Side(msgspec.Struct, frozen=True):
    """One of the two runs."""

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


class Setting(msgspec.Struct, frozen=True):
    """An option that differs; `option` is empty where one recipe has not the pass at all."""

    by: str
    option: str
    a: Any
    b: Any


class Did(msgspec.Struct, frozen=True):
    """What a pass did in one run."""

    took: int
    removed: int
    masked: int
    flagged: int


class PassMove(msgspec.Struct, frozen=True):
    """What a pass did in both."""

    by: str
    a: Did | None
    b: Did | None


class SliceMove(msgspec.Struct, frozen=True):
    """Messages of a slice in both."""

    kind: str
    name: str
    a_read: int
    a_kept: int
    a_learned: int
    b_read: int
    b_kept: int
    b_learned: int


class Reason(msgspec.Struct, frozen=True):
    """Conversations that only one run keeps, by the pass that removed them in the other."""

    kept_in: str
    removed_by: str
    conversations: int


class Moved(msgspec.Struct, frozen=True):
    """One of these conversations."""

    kept_in: str
    removed_by: str
    conversation_id: str
    source: str
    record: int
    evidence: str | None
    roles: tuple[str, ...]
    texts: tuple[str, ...]


class Fates(msgspec.Struct, frozen=True):
    """What became of every conversation in both."""

    both: int
    otherwise: int
    only_a: int
    only_b: int
    neither: int
    reasons: tuple[Reason, ...]
    examples: tuple[Moved, ...]


class Shift(msgspec.Struct, frozen=True):
    """A number of both bias audits, and its difference."""

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


class Comparison(msgspec.Struct, frozen=True):
    """Everything that the page says."""

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
    format: str
    version: int


def parse(data: bytes) -> Comparison:
    """The facts from their twin. Raises ReportError for another form."""
    try:
        found = msgspec.json.decode(data, type=Comparison)
    except msgspec.MsgspecError:
        raise ReportError("this is no comparison of Tamis; 'curate compare OUT_A OUT_B' makes one") from None
    if (found.format, found.version) != (FORMAT, VERSION):
        raise ReportError(
            f"the comparison is {found.format} version {found.version}, this Tamis reads {FORMAT} version "
            f"{VERSION}; make it again with 'curate compare OUT_A OUT_B'"
        )
    return found
