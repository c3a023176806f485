"""What the audit found, as frozen dataclasses, and their JSON twin `bias.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from curate.bias.scorer_facts import Case as Case
from curate.bias.scorer_facts import Swap as Swap

FORMAT = "tamis-bias"
VERSION = 1
"""Raised when a field changes its name or meaning; fields may be added without."""
NAME = "bias.json"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What had to be there before anything is claimed, and how sure a claim is.

    `level` is the rate of false discoveries over the whole audit; each family of tests (what the sieve did,
    words, gaps, answers, shares moved, gaps moved) has its part of it.
    """

    least_messages: int = 30
    least_conversations: int = 20
    least_word: int = 8
    level: float = 0.05
    families: int = 6
    replicates: int = 999
    seed: int = 20261123
    blocks: int = 2048
    sentences: int = 40

    @property
    def family_level(self) -> float:
        """The level of one family: all families together stay under `level`."""
        return self.level / self.families


@dataclass(frozen=True, kw_only=True)
class GroupName:
    """A group and how it is called in each language of the reports."""

    key: str
    axis: str
    names: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Covered:
    """Messages of a language, and whether there are terms for it."""

    language: str
    messages: int
    terms: bool


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many messages (or conversations) of a role mention a group; `stage` is read or kept."""

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
class Slice:
    """How many messages are of a language, source, role or declared value; `stage` is read or kept."""

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
class Association:
    """A word and a group: in how many conversations that mention the group it stands, and in how many others.

    `ratio` is of the two shares, with its 95% interval; `z` the weighted log-odds in their standard errors.
    """

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
    log_odds: float
    z: float
    p: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A mean over messages about a group, less the mean over those about others.

    `about` says whose message is measured: user or assistant (the message itself mentions the group), or
    answer (the assistant's next message after a user's that does). Of `kind` declared.FIELD, `group` is a
    value of that field, and the message is of those that declare it; of `kind` source it is a file, and the
    message is of those read from it, whatever it mentions (measure: toxicity).
    """

    kind: str
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
    p: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What a pass did to a slice, against the others: share of its messages, and the ratio of the two shares.

    `verb` is flagged (the pass's condition held at the message, whatever else was decided: the pass alone),
    masked or dropped (in recipe order: it was this pass that decided), or kept (all passes together, with ""
    as `by`). `four_fifths` is the share that is let through over the best slice's of the same axis or kind;
    under 0.8 it is marked.
    """

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
    p: float
    q: float
    claimed: bool
    four_fifths: float | None
    marked: bool


@dataclass(frozen=True, kw_only=True)
class Occupation:
    """Of conversations that speak of an occupation and one gender, how many speak of a woman."""

    language: str
    occupation: str
    women: int
    of: int
    share: float
    low: float
    high: float
    reference: float | None
    approximate: bool
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Pronouns:
    """Of conversations in which a role says "she" or "he" but not both, how many say "she"."""

    language: str
    role: str
    she: int
    of: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Answers to one question that names this group, less answers to the same question naming another."""

    group: str
    measure: str
    questions: int
    answers: int
    mean: float
    other_mean: float
    difference: float
    low: float
    high: float
    p: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What the sieve moved: a share of messages that mention a group, or a gap, as read and as kept.

    `measure` is share, or that of a Gap with its `language` and `about` (else ""). `n` and `n_kept` are the
    group's messages.
    """

    kind: str
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
    p: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class BiasFacts:
    """Everything `bias.html` says."""

    tamis: str
    run: str
    started: str
    recipe: str
    messages: int
    conversations: int
    settings: Settings
    groups: tuple[GroupName, ...]
    axes: dict[str, dict[str, str]]
    covered: tuple[Covered, ...]
    representation: tuple[Share, ...]
    slices: tuple[Slice, ...]
    association: tuple[Association, ...]
    gaps: tuple[Gap, ...]
    sieve: tuple[Rate, ...]
    deltas: tuple[Delta, ...]
    pronouns: tuple[Pronouns, ...]
    occupations: tuple[Occupation, ...]
    references: dict[str, str]
    answers: tuple[Answer, ...]
    scorer: dict[str, Any]
    swaps: tuple[Swap, ...]
    cases: tuple[Case, ...]
    too_few: tuple[str, ...]
    tests: dict[str, int]
    format: str = FORMAT
    version: int = VERSION


def to_json(facts: BiasFacts) -> bytes:
    """The JSON twin, indented, in the order of the fields; numbers rounded to six digits after the point."""
    plain = msgspec.to_builtins(facts)
    return msgspec.json.format(msgspec.json.encode(_rounded(plain)), indent=1) + b"\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value


def finite(value: float) -> float | None:
    """The number, or None where it is not one: JSON knows neither infinity nor nan."""
    return float(value) if value == value and abs(value) != float("inf") else None
