"""What the diversity section knows: `diversity.json` as the run wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reports.shapes import ReportError

FORMAT = "tamis-diversity"
VERSION = 1
NAME = "diversity.json"


@dataclass(frozen=True, kw_only=True)
class Effective:
    """An effective number with its interval."""

    value: float
    low: float
    high: float
    kinds: int
    n: int


@dataclass(frozen=True, kw_only=True)
class Change:
    """A ratio of two effective numbers with its interval."""

    ratio: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Conversations of one topic, language, intent or source."""

    kind: str
    name: str
    read: int
    kept: int
    share: float
    low: float
    high: float
    removed_by: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """A topic on the map."""

    name: str
    words: tuple[str, ...]
    language: str
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """The effective number of a kind as read and kept."""

    kind: str
    read: Effective
    kept: Effective | None
    change: Change | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one pass did to the effective number of a kind."""

    by: str
    kind: str
    removed: int
    before: float
    after: Effective
    change: Change
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Vendi:
    """A Vendi score as read or kept."""

    stage: str
    size: int
    draws: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A slice far below others and what to do."""

    kind: str
    name: str
    reason: str
    kept: int
    share: float
    fair: float
    wanted: int
    by: str
    inside: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A slice in the training set and in the reference."""

    kind: str
    name: str
    count: int
    share: float
    reference_count: int
    reference_share: float
    ratio: float | None
    low: float
    high: float | None
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """How far a kind lies from the reference: as seen, what chance brings, what is left of it."""

    kind: str
    bits: float
    low: float
    high: float
    p: float
    claimed: bool
    observed: float | None = None
    chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The training set beside the traffic to come."""

    conversations: int
    reference_conversations: int
    divergences: tuple[Divergence, ...]
    slices: tuple[Compared, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the section says."""

    run: str
    conversations: int
    kept: int
    sample: int
    unplaced: int
    topics: tuple[Place, ...]
    slices: tuple[Slice, ...]
    dimensions: tuple[Dimension, ...]
    steps: tuple[Step, ...]
    vendi: tuple[Vendi, ...]
    advice: tuple[Advice, ...]
    reference: Reference | None


def read(out: Path) -> Facts | None:
    """The facts in the folder of a run; None where there are none, or none of the run as it stands now.

    Raises ReportError where they are of another version.
    """
    path, manifest = out / NAME, out / "manifest.json"
    if not path.is_file():
        return None
    facts = parse(path.read_bytes())
    told = msgspec.json.decode(manifest.read_bytes(), type=dict[str, Any]) if manifest.is_file() else {}
    return facts if facts.run == str(told.get("content", "")) else None


def parse(data: bytes) -> Facts:
    """The facts from the JSON twin. Raises ReportError for another format or version."""
    try:
        head = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise ReportError(f"{NAME} is not JSON; 'curate diversity OUT' writes it again") from None
    found = (head.get("format"), head.get("version"))
    if found != (FORMAT, VERSION):
        raise ReportError(
            f"{NAME} is {found[0]} version {found[1]}, this Tamis reads {FORMAT} version {VERSION}; "
            "write it again with 'curate diversity OUT'"
        )
    return msgspec.convert(head, Facts)
