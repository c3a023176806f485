"""Alarms of a run: which slice they are about, and what was drawn to show them."""

from __future__ import annotations

from typing import Any

from reports.files import short
from reports.sampling import clipped, most_different
from reports.shapes import Alarm, Example, Unread

ALARM_EXAMPLES = 3


def where(alarm: dict[str, Any]) -> tuple[str, str]:
    """The kind and name of an alarm's slice: `source=a.jsonl` gives ("source", "a.jsonl")."""
    kind, _, name = str(alarm.get("slice") or "").partition("=")
    return kind, "" if (kind, name) == ("language", "None") else name


def describe(
    alarm: dict[str, Any],
    found: list[Example],
    unread: dict[str, tuple[Unread, ...]],
    first: tuple[Unread, ...],
) -> Alarm:
    """An alarm of the manifest with the examples drawn for it, or the records that could not be read."""
    kind, name = where(alarm)
    quarantine = alarm.get("kind") == "quarantine"
    return Alarm(
        kind=str(alarm.get("kind") or "pass"),
        by=str(alarm.get("pass") or ""),
        slice_kind=kind,
        slice_name=short(name),
        share=float(alarm.get("share") or 0),
        limit=float(alarm.get("limit") or 0),
        count=int(alarm.get("count") or 0),
        of=int(alarm.get("of") or 0),
        examples=tuple(clipped(e) for e in most_different(found, ALARM_EXAMPLES)),
        unread=(unread.get(name) or first[:ALARM_EXAMPLES]) if quarantine else (),
    )
