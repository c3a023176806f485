"""What a report knows about a run: frozen dataclasses, and their JSON twin (`report.json`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

FORMAT = "tamis-report"
VERSION = 1
"""Raised when a field changes its name or meaning; fields may be added without."""


class ReportError(Exception):
    """A folder that no report can be made of; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number of messages, and of the conversations they stand in."""

    conversations: int = 0
    messages: int = 0


@dataclass(frozen=True, kw_only=True)
class Count:
    """How often a name was met."""

    name: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Example:
    """One message as evidence. `before` is the text as read where it was changed; both may be cut short."""

    conversation_id: str
    turn: int
    role: str
    source: str
    record: int
    text: str
    before: str | None = None
    evidence: str | None = None
    verdict: str = "keep"


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A record that could not be read: where it stands and why, never what it holds."""

    source: str
    record: int | None
    start: int | None
    stop: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """What one pass did. `took` counts the conversations that ended with it and every message it removed."""

    name: str
    use: str
    kind: str
    options: dict[str, Any]
    changed: Amount
    flagged: Amount
    masked: Amount
    took: Amount
    reasons: tuple[Count, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One source, language or role: its messages by what became of them."""

    name: str
    conversations: int
    messages: int
    kept: int
    masked: int
    dropped: int
    flagged: int
    changed: int
    dropped_by: tuple[Count, ...]


@dataclass(frozen=True, kw_only=True)
class Slices:
    """The largest slices of one kind; `others` sums the `left_out` that are not listed."""

    kind: str
    slices: tuple[Slice, ...]
    left_out: int
    others: Slice | None


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts between `edges` (n + 1 of them, the last may be open: null), as read and as kept.

    `limits` are the recipe's limits on the same scale; quantiles are of what was read.
    """

    edges: tuple[float | None, ...]
    read: tuple[int, ...]
    kept: tuple[int, ...]
    limits: tuple[float, ...] = ()
    measured: int = 0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Conversations removed as copies of one that stays."""

    representative: str
    removed: int
    lowest_jaccard: float | None
    text: str
    copy_id: str
    copy: str


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """All clusters, and the largest of them. `sizes` counts clusters by their number of removed copies."""

    clusters: int
    removed: int
    largest: tuple[Cluster, ...]
    sizes: tuple[Count, ...]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A pass that took more than its share of a slice, or a source that could not be read."""

    kind: str
    by: str
    slice_kind: str
    slice_name: str
    share: float
    limit: float
    count: int
    of: int
    examples: tuple[Example, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """An input file and what was found in it."""

    source: str
    format: str
    records: int | None
    conversations: int


@dataclass(frozen=True, kw_only=True)
class Redacted:
    """Private values replaced, by kind; never the values."""

    values: int
    touched: Amount
    kinds: tuple[Count, ...]
    not_covered: tuple[dict[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """What went to quarantine, by reason and by source, with the first records."""

    total: int
    reasons: tuple[Count, ...]
    sources: tuple[Count, ...]
    first: tuple[Unread, ...]


@dataclass(frozen=True, kw_only=True)
class LimitStep:
    """What is kept with one limit at `at`, all others where they are; `masked` of these messages are.

    `met` counts messages that the pass flags, of a pass over all conversations the conversations it takes.
    """

    at: int | float
    conversations: int
    messages: int
    masked: int
    met: int


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit of a pass: where it stands, what the pass does, and what other values would keep."""

    by: str
    option: str
    now: int | float
    then: str
    steps: tuple[LimitStep, ...]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """Everything `report.html` says."""

    tamis: str
    started: str
    recipe: str
    records: int
    read: Amount
    kept: Amount
    removed: Amount
    masked: Amount
    changed: Amount
    flagged: Amount
    trimmed: int
    without_assistant: int
    alarms: tuple[Alarm, ...]
    alarms_left_out: int
    passes: tuple[PassFacts, ...]
    slices: tuple[Slices, ...]
    words: Histogram
    turns: Histogram
    toxicity: Histogram | None
    duplicates: Duplicates
    redacted: Redacted
    unreadable: Unreadable
    inputs: tuple[Source, ...]
    inputs_left_out: int
    scorers: dict[str, Any]
    versions: dict[str, str]
    limits: tuple[Limit, ...] = ()
    format: str = FORMAT
    version: int = VERSION


def to_json(facts: RunFacts) -> bytes:
    """The JSON twin, indented, in the order of the fields, ending with a line feed."""
    return msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n"


def from_json(data: bytes) -> RunFacts:
    """The facts back from their twin. Raises ReportError for another format or version."""
    try:
        head = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise ReportError("report.json is not JSON; 'curate report OUT' writes it again") from None
    found = (head.get("format"), head.get("version"))
    if found != (FORMAT, VERSION):
        raise ReportError(
            f"report.json is {found[0]} version {found[1]}, this Tamis reads {FORMAT} version {VERSION}; "
            "write it again with 'curate report OUT'"
        )
    return msgspec.convert(head, RunFacts)
