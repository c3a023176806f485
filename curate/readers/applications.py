"""Exports of chat applications that are not read yet: recognised, and told with the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_LINE = re.compile(r"\W{0,3}(?:\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4},? )?\d{1,2}:\d\d\S{0,3}.{0,8}(?: - | <|\] )")
_SLACK_TIME = re.compile(r"\d{9,11}\.\d{6}")
_ROWS = (
    "which is not read yet; make it CSV or JSON lines with a row per message (conversation_id, role, text) "
    "and say in columns and roles of [[input]] whose names are whose"
)
TEXT_EXPORT = (
    "looks like the text export of a chat application (WhatsApp, IRC, Signal), which is not read yet; "
    "make it a CSV with the columns conversation_id, sent_at, author, role, text"
)
SLACK_EXPORT = f"looks like a day of a channel as Slack exports it, {_ROWS}"
DISCORD_EXPORT = f"looks like a channel of Discord (DiscordChatExporter), {_ROWS}"


def is_text_export(text: str) -> bool:
    """Whether most of the first lines begin as chat applications write them: a time, then who speaks.

    >>> is_text_export("[12:18] <ann> hi\\n[12:19] <bob> yes\\n")
    True
    """
    lines = [line for line in text.split("\n", 40)[:40] if line.strip()]
    return 2 * sum(bool(_LINE.match(line)) for line in lines) > len(lines)


def json_export(records: Sequence[Any], columns: Mapping[str, str]) -> str:
    """The sentence for records of an application's export; "" for others, or where `columns` are told.

    Source of the forms: https://slack.com/help/articles/220556107 and
    https://github.com/Tyrrrz/DiscordChatExporter, looked at 2026-11.

    >>> json_export([{"type": "message", "user": "U1", "text": "Hi", "ts": "1772000100.000100"}], {})[:48]
    'looks like a day of a channel as Slack exports i'
    >>> json_export([{"role": "user", "text": "Hi"}], {})
    ''
    """
    if columns or not records:
        return ""
    if 2 * sum(map(_of_slack, records)) > len(records):
        return SLACK_EXPORT
    return DISCORD_EXPORT if all(map(_of_discord, records)) else ""


def is_discord(keys: Sequence[str]) -> bool:
    """Whether an object with these keys is a channel that DiscordChatExporter wrote."""
    return {"guild", "channel"} <= {*keys}


def _of_slack(record: Any) -> bool:
    if not isinstance(record, dict) or record.get("type") != "message":
        return False
    return isinstance(record.get("text"), str) and bool(_SLACK_TIME.fullmatch(str(record.get("ts"))))


def _of_discord(record: Any) -> bool:
    return isinstance(record, dict) and is_discord([*record]) and isinstance(record.get("messages"), list)
