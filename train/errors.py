"""The errors a user of `train` sees: the thing, the value, what is allowed, the next step.

They are `train`'s own, so that a bare GPU machine needs nothing of `curate` to show them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TrainError(Exception):
    """What the user gave cannot be used; the text says what to do (exit status 2).

    No message text from a log ever goes into it: name files, conversations and keys instead.
    """


class ConfigError(TrainError):
    """A configuration, an option or a model that is not valid."""


class DataError(TrainError):
    """A training set that cannot be read or used."""


class NotFiniteError(TrainError):
    """A step whose loss or gradient is no number."""


class LimitBrokenError(TrainError):
    """A limit that the user stated was broken (exit status 3)."""


class StoppedError(TrainError):
    """The user stopped what can go on; the text says how (exit status 130)."""


def unknown(kind: str, value: str, allowed: Iterable[str], where: str) -> str:
    """The sentence for a name that is not one of `allowed`, with the nearest right one.

    >>> unknown("key", "optim.lrr", ["optim.lr", "optim.clip"], "fit.toml")
    "unknown key 'optim.lrr' in fit.toml; did you mean 'optim.lr'?"
    >>> unknown("schedule", "zzz", ["cosine", "wsd"], "fit.toml")
    "unknown schedule 'zzz' in fit.toml; allowed: cosine, wsd"
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(value, names, n=1)
    said = f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(names)}"
    return f"unknown {kind} '{value}' in {where}; {said}"
