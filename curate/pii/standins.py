"""What stands in the place of a value: `<EMAIL_1>`, one per value and conversation, numbered as they
appear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from curate.pii.kinds import KINDS

STAND_IN = re.compile(rf"<({'|'.join(kind.upper() for kind in KINDS)})(?:_([0-9]{{1,6}}))?>")
"""How stand-ins are told from text; they are never redacted again."""


@dataclass
class Ledger:
    """Which stand-in each value of a conversation has; numbers that the text already used are not given
    again.
    """

    given: dict[tuple[str, str], str] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    """Each stand-in's value as it first stood in a text: what a chat gets back, never written to a file."""

    def reserve(self, texts: Iterable[str]) -> None:
        """Note the stand-ins that already stand in the texts.

        >>> ledger = Ledger(); ledger.reserve(["write to <EMAIL_4>"]); ledger.stand_in("email", "a@b.fr")
        '<EMAIL_5>'
        """
        for text in texts:
            if "<" not in text:
                continue
            for kind, number in STAND_IN.findall(text):
                self.last[kind] = max(self.last.get(kind, 0), int(number or 0))

    def stand_in(self, kind: str, key: str, written: str = "") -> str:
        """The stand-in of a value, a new one at its first appearance."""
        known = self.given.get((kind, key))
        if known is None:
            name = kind.upper()
            self.last[name] = self.last.get(name, 0) + 1
            known = self.given[kind, key] = f"<{name}_{self.last[name]}>"
            self.written[known] = written
        return known


class Unnumbered(Ledger):
    """Stand-ins without a number, for file names and other texts that belong to no one conversation.

    >>> Unnumbered().stand_in("email", "a@b.fr")
    '<EMAIL>'
    """

    def stand_in(self, kind: str, key: str, written: str = "") -> str:
        """The kind alone, in capitals."""
        return f"<{kind.upper()}>"
