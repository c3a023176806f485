"""What swapping gives back, in every language: the new texts, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass

REASONS = (
    "nothing", "language", "tool", "law", "fact", "topic", "person", "group",
    "quoted", "name", "ambiguous", "agreement", "no_return",
)  # fmt: skip
"""Why a text is left out: no mention, language without rules, a mention in a tool call, legal text, a fact,
gender is the topic, a public person, a statement about a group, a mention in a quote or code, a name nobody
knows, a mention that can be read in two ways, a word that may have to agree and is not known, one that would
not come back. Of several the first of this order is given."""


@dataclass(frozen=True)
class Swapped:
    """The new texts, or the reason why there are none."""

    texts: tuple[str, ...] = ()
    reason: str = ""
