"""Redaction of a chat as it goes on: its texts with stand-ins, and the values to put back, in memory only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curate.pii.conversation import Cell, Conversation, settle
from curate.pii.detect import Settings
from curate.pii.gate import gate
from curate.pii.roster import Roster, named, person


@dataclass(frozen=True)
class Turns:
    """The texts of a chat, redacted; `values` gives for each stand-in the value as it was first written."""

    texts: tuple[str, ...]
    values: dict[str, str]


def redact_turns(
    texts: Sequence[str],
    authors: Sequence[tuple[str, str]] = (),
    settings: Settings | None = None,
    json_texts: Sequence[str] = (),
) -> Turns:
    """One chat through the same detectors as a run, numbered as it would number them.

    `authors` are names with their roles, looked for in all texts. `json_texts` (tool calls) are redacted
    inside their strings; they come after `texts` in the answer.

    >>> told = redact_turns(["I am a@b.fr", "Noted, a@b.fr or c@d.fr?"])
    >>> told.texts, told.values["<EMAIL_2>"]
    (('I am <EMAIL_1>', 'Noted, <EMAIL_1> or <EMAIL_2>?'), 'c@d.fr')
    """
    settings = settings or Settings.of()
    roster = Roster()
    if "person" in settings.kinds:
        people = [one for name, role in authors for one in person(name, role) if one]
        for one in (*people, *named(settings.names)):
            roster.add(one)
    cells = [Cell(row, "text", text, True) for row, text in enumerate(texts)]
    cells += [Cell(row, "parts", text, True) for row, text in enumerate(json_texts, len(texts))]
    chat = Conversation(cells, roster, settings)
    settle([chat], gate(settings))
    return Turns(tuple(cell.text for cell in cells), dict(chat.ledger.written))
