"""The checks of `train eval` that are asked for, one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from train import canaries
from train.canaries import Canary, Memories
from train.checks import identity, pairs, requests
from train.checks.differences import Difference
from train.checks.generated import Written, answers, counted, openings
from train.checks.pairs import Pair, PairFigure
from train.checks.requests import Answered
from train.records import Conversation

if TYPE_CHECKING:
    from train.evaluate import Scorer


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for, read and found good before a model is loaded."""

    pairs: tuple[Pair, ...] = ()
    swaps: bool = False
    requests: int = 0
    """Requests in each language, each asked as every group; 0: none."""
    generate: int = 0
    """Openings of conversations to answer; 0: none."""
    canaries: tuple[Canary, ...] = ()
    tokens: int = 80
    """Tokens of an answer at most."""


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What was found; None for what was not asked for. `swaps` is a text where it could not be done."""

    pairs: tuple[PairFigure, ...] | None = None
    swaps: tuple[Difference, ...] | str | None = None
    requests: Answered | None = None
    written: Written | None = None
    memory: Memories | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: figures only, no text of anybody, no secret."""
        told: dict[str, Any] = plain(asdict(self))
        return {name: value for name, value in told.items() if value is not None}


def wanted(
    pair_file: str = "",
    swaps: bool = False,
    requests: int = 0,
    generate: int = 0,
    planted: str = "",
    tokens: int = 80,
) -> Wanted:
    """What is asked for; DataError for a file that cannot be used."""
    return Wanted(
        pairs=tuple(pairs.read(pair_file)) if pair_file else (),
        swaps=swaps,
        requests=requests,
        generate=generate,
        canaries=canaries.read(planted) if planted else (),
        tokens=tokens,
    )


def run(scorer: Scorer, asked: Wanted, conversations: Sequence[Conversation], source: str) -> Checks:
    """Carry out what is asked for; `conversations` are those that are evaluated on, from `source`."""
    model, renderer = scorer.model, scorer.renderer
    answered = written = None
    if asked.requests:
        answered = requests.compared(model, renderer, asked.requests, asked.tokens)
    if asked.generate:
        opened = openings(conversations, asked.generate)
        written = counted(answers(model, renderer, opened, asked.tokens))
    return Checks(
        pairs=pairs.figures(scorer, asked.pairs) if asked.pairs else None,
        swaps=identity.swaps(scorer, source) if asked.swaps else None,
        requests=answered,
        written=written,
        memory=canaries.remembered(scorer, asked.canaries) if asked.canaries else None,
    )


def plain(value: Any) -> Any:
    """The value as JSON can hold it: None for what is no number."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
