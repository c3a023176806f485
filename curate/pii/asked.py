"""What a turn asks for, the next may give without a word: "What number can we reach you at?" "4155552671".

An answer is a number that the turn begins with, a few words aside. It stands under a field named after what
was asked for, as a value of JSON stands under its key; the detectors then need no word in the answer itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from curate.pii import context
from curate.pii.phones import ANY, valid_somewhere
from curate.pii.view import view

LEAD = 30
"""Characters that may stand before the number of an answer: "Sure, it's ", "Bien sûr, c'est le "."""
TAIL = 300
"""Characters at the end of a turn in which it asks."""
SHORT = 40
"""A turn of no more characters, without digits, does not answer: "Sure", "Pardon ?"."""
LOOKED_BACK = 2
"""Turns in which the question may stand."""
BEGINS = re.compile(rf"[^0-9<>]{{0,{LEAD}}}(?P<number>[0-9](?:[ \t.\-/()]{{0,3}}[0-9]){{3}})")
"""How an answer begins; four digits, for an address of a machine may have no more."""
SENTENCE = re.compile(r"(?<=[.?!\n])\s+")
KINDS = ("ip", "ssn", "nir", "siren", "card")
EITHER = "either"
"""A phone number was asked for and, in the same sentence, some other number."""


def asked_field(texts: Sequence[str], place: int, regions: tuple[str, ...]) -> str:
    """The field of the turn at `place` by the turns before it, "" where it answers nothing.

    `texts` are the turns of a conversation as they are written; `regions` those of the phone numbers.

    >>> asked_field(["What number can we reach you at?", "4155552671"], 1, ("US",))
    'phone'
    >>> asked_field(["What is your order number?", "4155552671"], 1, ("US",))
    ''
    """
    said = view(texts[place]).text
    if not BEGINS.match(said):
        return ""
    for before in reversed(texts[max(0, place - LOOKED_BACK) : place]):
        field = asked(view(before[-TAIL:]).text.lower())
        if field == EITHER:
            number = ANY.search(said)
            return "phone" if number and valid_somewhere(number.group(), regions) else ""
        if field or len(before) > SHORT or any(map(str.isdigit, before)):
            return field
    return ""


@lru_cache(maxsize=4096)
def asked(said: str) -> str:
    """What the sentences of `said` ask for, the last one first: words that detectors know as fields.

    >>> asked("quel est votre numero ?"), asked("votre numero de commande ?"), asked("we call you back.")
    ('phone', '', '')
    """
    for sentence in reversed(SENTENCE.split(said)):
        if "?" not in sentence and not context.says("asked.request", sentence):
            continue
        fields = [kind for kind in KINDS if context.says(f"asked.{kind}", sentence)]
        if fields:
            return " ".join(fields)
        other = context.says("asked.other", sentence)
        if context.says("asked.phone", sentence):
            return EITHER if other else "phone"
        if not other and context.says("asked.number", sentence):
            return "phone"
    return ""
