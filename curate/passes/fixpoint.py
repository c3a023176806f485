"""Running a correction until it changes nothing more, so that a rewrite is a fixpoint by construction."""

from __future__ import annotations

from collections.abc import Callable


def settle(step: Callable[[str], str], text: str, rounds: int = 8) -> str:
    """The first text in text, step(text), step(step(text)), … that `step` leaves as it is.

    A text that has not come to rest after `rounds` steps is given back untouched. Either way
    settle(step, settle(step, text)) == settle(step, text): a text at rest is its own answer, and so is one
    that never rests.

    >>> settle(lambda text: text.replace("aa", "a"), "baaaa")
    'ba'
    >>> settle(lambda text: text + "!", "never at rest")
    'never at rest'
    """
    now = text
    for _ in range(rounds):
        then = step(now)
        if then == now:
            return now
        now = then
    return text
