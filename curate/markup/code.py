"""Code spans set aside while a text is worked on: fences and inline code (CommonMark 0.31, §4.5 and §6.1)."""

from __future__ import annotations

import re

_FENCE = re.compile(
    r"^[ \t>]*(?P<fence>`{3,}|~{3,})[^\n`]*\n(?:.*?\n)??[ \t>]*(?P=fence)[`~]*[ \t]*$"
    r"|^[ \t>]*(?:`{3,}|~{3,})[^\n`]*\n.*\Z",
    re.MULTILINE | re.DOTALL,
)
# On one line, closed by as many backticks; a single backtick inside a word is an apostrophe or an accent.
_INLINE = re.compile(r"(?<![`\w])(`+)(?!`)([^\n]*?[^`\n])\1(?![`\w])")
_PRIVATE = tuple(map(chr, (*range(0xF8F0, 0xF900), *range(0x10FF00, 0x10FFF0))))


class Aside:
    """Pieces of a text taken out, each under a mark of private-use signs that the text does not hold.

    >>> aside = Aside("say `<b>` or <b>")
    >>> masked = aside.mask("say `<b>` or <b>")
    >>> "`<b>`" in masked, aside.restore(masked)
    (False, 'say `<b>` or <b>')
    """

    def __init__(self, text: str) -> None:
        free = [sign for sign in _PRIVATE if sign not in text]
        self.usable = len(free) >= 3
        self._line, self._block, self._end = free[:3] if self.usable else ("", "", "")
        self._pieces: list[str] = []
        self._mark = re.compile(f"[{self._line}{self._block}](\\d+){self._end}") if self.usable else None
        self.block_mark = re.compile(f"[ ]*({self._block}\\d+{self._end})[ ]*") if self.usable else None

    def keep(self, piece: str, *, block: bool) -> str:
        """The mark under which `piece` is kept."""
        self._pieces.append(piece)
        return f"{self._block if block else self._line}{len(self._pieces) - 1}{self._end}"

    def mask(self, text: str) -> str:
        """The text with its fences and inline code taken out."""
        if "`" not in text and "~~~" not in text:
            return text
        text = _FENCE.sub(lambda found: self.keep(found[0], block=True), text)
        return _INLINE.sub(lambda found: self.keep(found[0], block=False), text)

    def restore(self, text: str) -> str:
        """The text with every kept piece in its place again."""
        if not self._pieces or self._mark is None:
            return text
        for _ in range(len(self._pieces)):
            back = self._mark.sub(lambda found: self._pieces[int(found[1])], text)
            if back == text:
                break
            text = back
        return text

    def holds_mark(self, text: str) -> bool:
        """Whether a piece was taken out of this text."""
        return self._mark is not None and self._mark.search(text) is not None


def inline(code: str) -> str:
    """The code as inline Markdown code, in as many backticks as it needs.

    >>> inline("<b>"), inline("a ` b")
    ('`<b>`', '`` a ` b ``')
    """
    code = " ".join(code.split())
    if not code:
        return ""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {code} {ticks}" if longest else f"{ticks}{code}{ticks}"


def fenced(code: str, language: str = "") -> str:
    """The code as a fenced Markdown block, the fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{code}\n{ticks}"
