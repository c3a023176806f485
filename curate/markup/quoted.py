"""The answered message below a mail: found by the line that introduces it."""

from __future__ import annotations

import functools
import re

from curate.markup.rules import markup


@functools.cache
def _intro() -> re.Pattern[str]:
    return re.compile(rf"^[ \t>*_]*(?:{markup().intro})[ \t*_]*$", re.MULTILINE)


def is_intro(line: str) -> bool:
    """Whether a line introduces an answered message.

    >>> is_intro("On Mon, 3 Feb 2025 Ann wrote:"), is_intro("I wrote:")
    (True, False)
    """
    return _intro().fullmatch(line) is not None


def drop_quoted(text: str) -> str:
    r"""The text up to the line that introduces an answered message, when only quoted lines follow it.

    Kept whole: a text that answers below or between the quoted lines, and one that would be empty.

    >>> drop_quoted("Works now.\n\nOn Mon, 3 Feb 2025 Ann wrote:\n> It broke.\n> Help")
    'Works now.'
    >>> drop_quoted("On Monday she wrote:\nit broke\n\nWhat do you say?") == drop_quoted("x\n> y\nz")
    False
    """
    for found in _intro().finditer(text):
        before, after = text[: found.start()].rstrip(), text[found.end() :]
        lines = [line for line in after.split("\n") if line.strip()]
        said = found[0].strip(" \t>*_")
        if before and (said.startswith("-") or all(line.lstrip().startswith(">") for line in lines)):
            return before
    return text
