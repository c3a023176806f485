"""How diverse a run is, as frozen dataclasses, and their JSON twin `diversity.json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import msgspec

from curate.diversity.numbers import Change, Effective

FORMAT = "tamis-diversity"
VERSION = 1
"""Raised when a field changes its name or meaning; fields may be added without."""
NAME = "diversity.json"
KINDS = ("topic", "language", "intent", "source", "author")
"""What conversations are told apart by. An author counts by the conversations that begin with a message of
theirs, where the log declares one and redaction left it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What has to be there before a slice is named, and how sure a claim is.

    A slice is far below others where the upper end of its share lies under `far` of a fair share, which is
    one over the effective number of its kind; what is asked for brings it to `goal` of a fair share.
    """

    least_slice: int = 10
    least_kept: int = 100
    far: float = 0.25
    goal: float = 0.25
    level: float = 0.05
    vendi_size: int = 256
    vendi_draws: int = 16
    reference: int = 4000
    permutations: int = 999
    seed: int = 20261126


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Conversations of one topic, language or intent: as read, and kept; the share is of those kept.

    `removed_by` is the pass that removed most of them, "" where none did.
    """

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
    """A topic on the map: its words, and where it lies; near topics use the same words."""

    name: str
    words: tuple[str, ...]
    language: str
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """The effective number of one of KINDS as read and kept, and the change; None for nothing to tell."""

    kind: str
    read: Effective
    kept: Effective | None
    change: Change | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one pass, in recipe order, did to the effective number of a kind; `claimed` after correction."""

    by: str
    kind: str
    removed: int
    before: float
    after: Effective
    change: Change
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Vendi:
    """The Vendi score of `size` conversations: mean and 95% interval over `draws` disjoint seeded samples."""

    stage: str
    size: int
    draws: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A slice far below others and what to do.

    `reason`: few (collect about `wanted` more conversations), removed (`by` took most of them: look at it
    first), or reference (rarer than in the traffic to come). `inside` narrows the slice to a language.
    """

    kind: str
    name: str
    reason: str
    kept: int
    share: float
    fair: float
    wanted: int
    by: str = ""
    inside: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A slice in the training set and in the reference; `ratio` of the shares, its interval, the claim."""

    kind: str
    name: str
    count: int
    share: float
    reference_count: int
    reference_share: float
    ratio: float | None
    low: float
    high: float | None
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """Jensen-Shannon divergence of a kind between both, in bits (0 to 1): as `observed`, and less its bias.

    `chance`: what 95 of 100 deals of all conversations to two sets of these sizes stay under; within it
    nothing is claimed. `p`: the share of deals with as much.
    """

    kind: str
    observed: float
    chance: float
    bits: float
    low: float
    high: float
    p: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The kept conversations beside the traffic to come; topics are found on both together."""

    conversations: int
    reference_conversations: int
    topics: tuple[Place, ...]
    divergences: tuple[Divergence, ...]
    slices: tuple[Compared, ...]


@dataclass(frozen=True, kw_only=True)
class DiversityFacts:
    """Everything that was found. `unplaced`: conversations kept in which no word of a topic stands."""

    tamis: str
    run: str
    started: str
    recipe: str
    settings: Settings
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
    reference: Reference | None = None


def rounded(value: Any) -> Any:
    """Plain data with numbers to six significant digits: what lies beyond is noise of the machine.

    >>> rounded({"a": (0.123456789, 3)})
    {'a': [0.123457, 3]}
    """
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return value


def to_json(facts: DiversityFacts) -> bytes:
    """The JSON twin."""
    told = {"format": FORMAT, "version": VERSION, **rounded(asdict(facts))}
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


def with_reference(facts: DiversityFacts, reference: Reference, advice: tuple[Advice, ...]) -> DiversityFacts:
    """The facts with a comparison, and what it asks for first."""
    return replace(facts, reference=reference, advice=(*advice, *facts.advice))
