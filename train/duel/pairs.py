"""`train duel`: two models answer the same prompts; the answers are paired blind, for people or a judge.

Which answer is whose stands in `duel.json`, not on the page that people vote on.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from train import records
from train.errors import ConfigError, DataError, unknown
from train.generate import Sampling, Speaker, TooLongError
from train.records import Message

FILE = "duel.json"
FORMAT = 1
UNTIL = ("first", "last")
Step = Callable[[str, int, int], None]
"""Told who is at work, how much is done and how much there is."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which models answer which prompts, and how. `until`: the turn of a conversation that is answered."""

    models: tuple[str, str]
    prompts: str
    count: int = 50
    until: str = "first"
    seed: int = 0
    sampling: Sampling = Sampling(temperature=0.7, top_p=0.95, most=256)  # noqa: RUF009 - frozen
    device: str = "auto"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.until not in UNTIL:
            raise ConfigError(unknown("turn", self.until, UNTIL, "--until"))
        if self.count < 1:
            raise ConfigError(f"--count is {self.count}; it must be 1 or more")


@dataclass(frozen=True)
class Prompt:
    """What both models are asked: a conversation up to the turn they answer."""

    conversation: str
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Pair:
    """Two answers to a prompt; the one at the left is at place `left` of `answers` (0: the first model's)."""

    id: str
    conversation: str
    messages: tuple[tuple[str, str], ...]
    answers: tuple[str, str]
    left: int

    @property
    def same(self) -> bool:
        """Whether there is nothing to choose between."""
        return self.answers[0].strip() == self.answers[1].strip()


@dataclass(frozen=True)
class Duel:
    """The pairs, in the order in which they are shown, and the names of the models."""

    models: tuple[str, str]
    pairs: tuple[Pair, ...]
    left_out: int
    """Prompts that one of the models had no room for."""

    @property
    def key(self) -> str:
        """16 hex digits of the pairs: votes are counted only for the duel they were cast in."""
        told = json.dumps([asdict(one) for one in self.pairs], ensure_ascii=False)
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def duel(
    asked: Asked,
    to: str | Path,
    open_speaker: Callable[[str], Speaker],
    step: Step,
    check: Callable[[str], object] = lambda model: None,
) -> Duel:
    """Answers of both models, paired; kept in `to` as `duel.json`. Answers already there are not made again.

    `check` is called on both models before one of them answers: it raises where a model cannot be had. Raises
    ConfigError where `to` holds the duel of other models or prompts, DataError for want of prompts.
    """
    to = Path(to)
    wanted = prompts(asked)
    asked_for = described(asked, wanted)
    known = told(to)
    if known is not None and known["asked"] != asked_for:
        differs = [name for name, value in asked_for.items() if known["asked"].get(name) != value]
        raise ConfigError(f"{to} holds a duel of other {' and '.join(differs)}; give a new folder with --to")
    if known is not None:
        return from_told(known)
    for model in asked.models:
        check(model)
    to.mkdir(parents=True, exist_ok=True)
    answers = [answered(model, wanted, asked, to, open_speaker, step) for model in asked.models]
    made = paired(asked, wanted, answers)
    kept = {"format": FORMAT, "asked": asked_for, "key": made.key, **asdict(made)}
    write(to / FILE, json.dumps(kept, ensure_ascii=False))
    return made


def prompts(asked: Asked) -> list[Prompt]:
    """The prompts of a file, as many as asked for, drawn by the seed and in the file's order."""
    found = list(lines(Path(asked.prompts)) if asked.prompts.endswith(".txt") else openings(asked))
    if not found:
        raise DataError(
            f"no prompt in {asked.prompts}; it needs conversations in which a person asks something"
        )
    places = range(len(found))
    chosen = sorted(random.Random(asked.seed).sample(places, min(asked.count, len(found))))
    return [found[place] for place in chosen]


def lines(path: Path) -> Iterator[Prompt]:
    """A prompt for each line of a text file."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(
            f"{path} cannot be read as UTF-8 text; give a file with a prompt on each line"
        ) from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield Prompt(f"line {number}", (Message("user", line.strip()),))


def openings(asked: Asked) -> Iterator[Prompt]:
    """Conversations up to a turn of the assistant's that a person's comes before."""
    for one in records.read(asked.prompts):
        messages = one.messages
        stops = [
            n
            for n, message in enumerate(messages)
            if message.role == "assistant" and any(before.role == "user" for before in messages[:n])
        ]
        if not stops and messages[-1].role == "user":
            stops = [len(messages)]
        if stops:
            yield Prompt(one.id, messages[: stops[0] if asked.until == "first" else stops[-1]])


def described(asked: Asked, wanted: Sequence[Prompt]) -> dict[str, Any]:
    """What a duel is made from: models as they are now, prompts, sampling."""
    texts = json.dumps([[one.conversation, [asdict(m) for m in one.messages]] for one in wanted])
    return {
        "models": [fingerprint(model) for model in asked.models],
        "prompts": hashlib.sha256(texts.encode()).hexdigest()[:16],
        "sampling": json.loads(json.dumps(asdict(asked.sampling))),
        "seed": asked.seed,
    }


def fingerprint(model: str) -> list[Any]:
    """A model's name, and of a folder the sizes and times of its weights: trained again, it is another."""
    files = sorted(Path(model).glob("*.safetensors")) if Path(model).is_dir() else []
    return [model, *([one.name, one.stat().st_size, one.stat().st_mtime_ns] for one in files)]


def answered(
    model: str,
    wanted: Sequence[Prompt],
    asked: Asked,
    to: Path,
    open_speaker: Callable[[str], Speaker],
    step: Step,
) -> list[str | None]:
    """A model's answers, None where it has no room; each is kept as soon as it is made."""
    told = json.dumps([fingerprint(model), described(asked, wanted)], sort_keys=True)
    place = to / "answers" / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.jsonl"
    place.parent.mkdir(exist_ok=True)
    known = place.read_text("utf-8").split("\n")[:-1] if place.exists() else []
    place.write_text("".join(f"{line}\n" for line in known), "utf-8")  # a line that a kill cut is made again
    if len(known) < len(wanted):
        speaker = open_speaker(model)
        with place.open("a", encoding="utf-8") as out:
            for number in range(len(known), len(wanted)):
                line = json.dumps(answer(speaker, wanted[number], asked, number))
                out.write(f"{line}\n")
                out.flush()
                known.append(line)
                step(f"{Path(model).name} answers", number + 1, len(wanted))
    return [json.loads(line) for line in known]


def answer(speaker: Speaker, prompt: Prompt, asked: Asked, number: int) -> str | None:
    """One answer; both models draw with the same seed."""
    sampling = replace(asked.sampling, seed=asked.seed * 1_000_003 + number)
    try:
        return speaker.answer(prompt.messages, sampling).whole()
    except TooLongError:
        return None


def paired(asked: Asked, wanted: Sequence[Prompt], answers: Sequence[Sequence[str | None]]) -> Duel:
    """The answers in pairs, shuffled in their order and between left and right."""
    rng = random.Random(f"{asked.seed} sides")
    pairs = []
    for number, (prompt, first, second) in enumerate(zip(wanted, *answers, strict=True)):
        left = rng.randrange(2)
        if first is not None and second is not None:
            messages = tuple((m.role, m.content) for m in prompt.messages)
            name = hashlib.sha256(f"{asked.seed} {number}".encode()).hexdigest()[:8]
            pairs.append(Pair(name, prompt.conversation, messages, (first, second), left))
    rng.shuffle(pairs)
    if not pairs:
        raise DataError("no prompt left both models room to answer; give shorter ones or --until first")
    return Duel(names(asked.models), tuple(pairs), len(wanted) - len(pairs))


def names(models: tuple[str, str]) -> tuple[str, str]:
    """What the models are called: the last part of their paths, whole where these are equal."""
    short = tuple(Path(model).name or model for model in models)
    return (short[0], short[1]) if short[0] != short[1] else models


def told(to: Path) -> dict[str, Any] | None:
    """What `duel.json` in a folder says; None where there is none."""
    if not (to / FILE).exists():
        return None
    try:
        known = json.loads((to / FILE).read_text("utf-8"))
    except ValueError:
        known = {}
    if known.get("format") != FORMAT:
        raise DataError(
            f"{to / FILE} is not of this version of Tamis or not whole; give a new folder with --to"
        )
    return dict(known)


def from_told(known: dict[str, Any]) -> Duel:
    """The duel that `duel.json` holds."""
    pairs = [
        Pair(
            one["id"],
            one["conversation"],
            tuple((role, text) for role, text in one["messages"]),
            (one["answers"][0], one["answers"][1]),
            one["left"],
        )
        for one in known["pairs"]
    ]
    return Duel((known["models"][0], known["models"][1]), tuple(pairs), known["left_out"])


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    making = path.with_name(f".{path.name}.tmp")
    making.write_text(text, "utf-8", "replace")
    making.replace(path)
