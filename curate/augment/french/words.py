"""A French text as words with their places; elided words and clitics are words of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass

CLITIC = frozenset(
    "il elle ils elles on je tu nous vous ce lui le la les leur moi toi y en même mêmes ci là".split()  # noqa: SIM905
)
"""Words that hang on a verb, or on a pronoun, by a hyphen."""
WHOLE = ("rendez-vous", "garde-à-vous", "au-delà", "là-bas", "par-delà")
"""Words with a hyphen whose end is no clitic."""
PART = re.compile(
    r"(?P<hole>\x00+)"
    r"|(?P<title>(?<!\w)(?:M|Mr|Dr|Pr)\.(?=\s+[A-ZÉÈÀÂÎÔ\x00]))"
    r"|(?P<whole>(?<!\w)(?:quelqu['’]une?|aujourd['’]hui))(?!\w)"
    r"|(?P<elided>(?<![\w])(?:jusqu|lorsqu|puisqu|quoiqu|presqu|qu|[cdjlmnst])['’](?=[\w\x00]))"
    r"|(?P<word>[^\W\d_]+(?:[-‑][^\W\d_]+)*)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<mark>\n|[^\s])",
    re.IGNORECASE,
)
ENDS = frozenset('.!?…:;\n()[]•*«»"“”|/—–')
"""Signs after which another sentence or another part begins."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a sign and where it stands."""

    text: str
    start: int
    end: int
    low: str
    """In lower case, its apostrophe straight."""
    kind: str
    """word, number, hole (what nobody may touch) or mark."""
    first: bool
    """It begins a sentence or a line."""
    clitic: bool = False
    """It hangs on the word before by a hyphen."""

    @property
    def word(self) -> bool:
        """A word, no sign, number or hole."""
        return self.kind == "word"

    @property
    def capital(self) -> bool:
        """Its first letter is a capital and the next is none."""
        return self.word and len(self.text) > 1 and self.text[0].isupper() and not self.text[1].isupper()

    @property
    def ends(self) -> bool:
        """A sign after which another sentence begins."""
        return self.kind == "mark" and self.text in ENDS


def read(text: str) -> list[Token]:
    """The words and signs of a text in order.

    >>> [one.text for one in read("A-t-il vu l'amie ?")]
    ['A', 'il', 'vu', "l'", 'amie', '?']
    """
    found: list[Token] = []
    first = True
    for one in PART.finditer(text):
        kind = one.lastgroup or ""
        pieces = parts(one.group(), one.start()) if kind == "word" else [(one.group(), one.start(), False)]
        for piece, start, clitic in pieces:
            low = piece.lower().replace("’", "'").replace("‑", "-")
            plain = "word" if kind in ("title", "whole", "elided", "word") else kind
            found.append(Token(piece, start, start + len(piece), low, plain, first and not clitic, clitic))
            if plain != "mark":
                first = False
            elif piece in ENDS or (piece in "-*" and text[:start].rpartition("\n")[2].strip() == ""):
                first = True
    return found


def parts(word: str, start: int) -> list[tuple[str, int, bool]]:
    """A word and the clitics that hang on it, each with its place."""
    if "-" not in word or word.lower() in WHOLE:
        return [(word, start, False)]
    found: list[tuple[str, int, bool]] = []
    end = len(word)
    while True:
        cut = word.rfind("-", 0, end)
        piece = word[cut + 1 : end].lower()
        if cut <= 0 or piece not in CLITIC:
            break
        found.insert(0, (word[cut + 1 : end], start + cut + 1, True))
        end = cut
        if word[:end].lower().endswith("-t"):
            end -= 2
    return [(word[:end], start, False), *found]
