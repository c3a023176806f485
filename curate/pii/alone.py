"""Redaction of what lies outside of a batch: file names, quarantined lines, manifests."""

from __future__ import annotations

from curate.pii.conversation import Cell, Conversation, settle
from curate.pii.detect import Settings
from curate.pii.gate import gate
from curate.pii.people import file_people
from curate.pii.roster import Person, Roster, named
from curate.pii.standins import Unnumbered


def redact_strings(text: str, settings: Settings | None = None) -> str:
    """The text with unnumbered stand-ins, for what lies outside of a batch: quarantined lines, manifests.

    Patterns alone, and the names of `settings`.

    >>> redact_strings('{"from": "jean@exemple.fr"')
    '{"from": "<EMAIL>"'
    """
    return alone(text, "text", (), settings or Settings.of())


def redact_name(text: str, names: tuple[str, ...] = (), settings: Settings | None = None) -> str:
    """A file name or path with unnumbered stand-ins; `names` are people it may be called after.

    >>> redact_name("exports/jean@exemple.fr.jsonl"), redact_name("chat_dupont_2024.json", ("Jean Dupont",))
    ('exports/<EMAIL>.jsonl', 'chat_<PERSON>_2024.json')
    """
    return alone(text, "source", tuple(named(names)) + tuple(file_people(text)), settings or Settings.of())


def alone(text: str, column: str, people: tuple[Person, ...], settings: Settings) -> str:
    """One text redacted outside of any conversation."""
    if not text:
        return text
    roster = Roster()
    if "person" in settings.kinds:
        for one in (*people, *named(settings.names)):
            roster.add(one)
    cell = Cell(0, column, text, True)
    settle([Conversation([cell], roster, settings, ledger=Unnumbered())], gate(settings))
    return cell.text
