"""What a bias page knows: `bias.json` as the audit wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reports.shapes import ReportError

FORMAT = "tamis-bias"
VERSION = 1
NAME = "bias.json"


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of messages or conversations that mention a group."""

    group: str
    stage: str
    unit: str
    role: str
    count: int
    of: int
    share: float
    low: float
    high: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What a pass did to a slice, and to the others."""

    by: str
    verb: str
    kind: str
    slice: str
    n: int
    conversations: int
    count: int
    rate: float
    low: float
    high: float
    other_n: int
    other_rate: float
    ratio: float | None
    ratio_low: float
    ratio_high: float | None
    q: float
    claimed: bool
    four_fifths: float | None
    marked: bool


@dataclass(frozen=True, kw_only=True)
class Association:
    """A word that goes with a group."""

    language: str
    group: str
    word: str
    count: int
    of: int
    other_count: int
    other_of: int
    ratio: float | None
    low: float
    high: float | None
    z: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A difference of means between messages about a group and about others."""

    language: str
    group: str
    about: str
    measure: str
    n: int
    conversations: int
    mean: float
    other_n: int
    other_mean: float
    difference: float
    low: float
    high: float
    effect: float
    q: float
    claimed: bool
    kind: str = "group"


@dataclass(frozen=True, kw_only=True)
class Women:
    """A share of women: of an occupation, or in what a role says."""

    language: str
    share: float
    low: float
    high: float
    of: int
    women: int = 0
    she: int = 0
    occupation: str = ""
    role: str = ""
    reference: float | None = None
    approximate: bool = False
    claimed: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Answers to one question that names different groups."""

    group: str
    measure: str
    questions: int
    answers: int
    mean: float
    other_mean: float
    difference: float
    low: float
    high: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Swap:
    """The scorer on sentences that differ in the group only."""

    language: str
    source: str
    group: str
    sentences: int
    mean: float
    difference: float
    low: float
    high: float
    above: int
    of: int
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Case:
    """The scorer on the sentences of a functionality, or of a group."""

    language: str
    group: str
    case: str
    harmful: bool
    n: int
    above: int
    rate: float
    low: float
    high: float
    other_n: int
    other_rate: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Delta:
    """A share or a gap as read and as kept."""

    measure: str
    group: str
    language: str
    about: str
    n: int
    n_kept: int
    read: float
    kept: float
    difference: float
    low: float
    high: float
    q: float
    claimed: bool
    kind: str = "group"


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A share of messages that are of a language, source, role or declared value."""

    kind: str
    slice: str
    stage: str
    count: int
    of: int
    share: float
    low: float
    high: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Covered:
    """Messages of a language, and whether there are terms for it."""

    language: str
    messages: int
    terms: bool


@dataclass(frozen=True, kw_only=True)
class GroupName:
    """A group and its names."""

    key: str
    axis: str
    names: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the page says."""

    tamis: str
    started: str
    recipe: str
    messages: int
    conversations: int
    settings: dict[str, Any]
    groups: tuple[GroupName, ...]
    axes: dict[str, dict[str, str]]
    covered: tuple[Covered, ...]
    representation: tuple[Share, ...]
    association: tuple[Association, ...]
    gaps: tuple[Gap, ...]
    sieve: tuple[Rate, ...]
    pronouns: tuple[Women, ...]
    occupations: tuple[Women, ...]
    references: dict[str, str]
    answers: tuple[Answer, ...]
    scorer: dict[str, Any]
    swaps: tuple[Swap, ...]
    too_few: tuple[str, ...]
    cases: tuple[Case, ...] = ()
    deltas: tuple[Delta, ...] = ()
    slices: tuple[Slice, ...] = ()


def read(out: Path) -> Facts:
    """The facts in the folder of a run. Raises ReportError where there are none, or of another version."""
    path = out / NAME
    if not path.is_file():
        raise ReportError(f"'{out}' holds no {NAME}; 'curate bias {out}' writes it")
    return parse(path.read_bytes())


def parse(data: bytes) -> Facts:
    """The facts from the JSON twin. Raises ReportError for another format or version."""
    try:
        head = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise ReportError(f"{NAME} is not JSON; 'curate bias OUT' writes it again") from None
    found = (head.get("format"), head.get("version"))
    if found != (FORMAT, VERSION):
        raise ReportError(
            f"{NAME} is {found[0]} version {found[1]}, this Tamis reads {FORMAT} version {VERSION}; "
            "write it again with 'curate bias OUT'"
        )
    return msgspec.convert(head, Facts)
