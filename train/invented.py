"""Invented chat logs for `train demo`: written from rules/demo, the flaws of real exports planted in them.

Nothing is downloaded and no person's text is in it. Each answer follows from its question, so that there is
something to learn; the shares of the flaws are ours (`SHARES`), not those of anybody's logs.
"""

from __future__ import annotations

import html
import json
import random
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

SHARES = {
    "copies of a few conversations": 0.30,
    "mails in HTML": 0.15,
    "answers in HTML": 0.03,
    "errors in place of answers": 0.03,
    "broken accents": 0.03,
}
"""The flaws, as shares of all conversations."""

SLOT = re.compile(r"\{(\w+)\}")
Turns = list[dict[str, str]]


def write(path: Path, conversations: int, seed: int = 0, flaws: bool = True) -> Path:
    """Write invented logs as OpenAI messages, one conversation a line; the same for the same seed.

    `flaws` False: every conversation as it was meant.
    """
    told = load()
    rng = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for number in range(conversations):
            record = {"id": f"demo-{number}", "messages": one(told, rng) if flaws else chat(told, rng)}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def load() -> dict[str, Any]:
    """What the logs are written from."""
    return tomllib.loads(resources.files("rules").joinpath("demo/conversations.toml").read_text("utf-8"))


def one(told: dict[str, Any], rng: random.Random) -> Turns:
    """A conversation, mostly without a flaw."""
    copies, mails, answers, errors, accents = SHARES.values()
    draw = rng.random()
    if draw < copies:
        return viral(told, rng)
    turns = chat(told, rng)
    if draw < copies + mails:
        turns[0]["content"] = in_mail(turns[0]["content"], told["mail"])
    elif draw < copies + mails + answers:
        turns[1]["content"] = in_paragraphs(turns[1]["content"])
    elif draw < copies + mails + answers + errors:
        turns[1]["content"] = rng.choice(told["failed"]["answer"])
    elif draw < copies + mails + answers + errors + accents:
        for turn in turns:
            turn["content"] = broken(turn["content"])
    return turns


def chat(told: dict[str, Any], rng: random.Random) -> Turns:
    """A question about an article and what helps; sometimes a thank-you after it."""
    problem, talk = rng.choice(told["problem"]), told["talk"]
    slots = {name: rng.choice(values) for name, values in told["slots"].items()}
    question = [
        *([rng.choice(talk["greeting"])] if rng.random() < 0.7 else []),
        rng.choice(problem["says"]),
        *rng.sample(talk["background"], rng.randint(1, 3)),
        rng.choice(talk["request"]),
    ]
    count = rng.randint(2, 3)
    steps = sorted(rng.sample(range(len(problem["steps"])), count))
    answer = [
        rng.choice(talk["opening"]),
        rng.choice(problem["cause"]),
        *(problem["steps"][n] for n in steps),
        rng.choice(talk["closing"]),
    ]
    turns = [turn("user", question, slots, rng), turn("assistant", answer, slots, rng)]
    if rng.random() < 0.4:
        turns += [
            turn("user", [rng.choice(talk["thanks"])], slots, rng),
            turn("assistant", [rng.choice(talk["bye"])], slots, rng),
        ]
    return turns


def viral(told: dict[str, Any], rng: random.Random) -> Turns:
    """One of a few conversations that come again and again, a number or a greeting apart."""
    number = rng.randrange(len(told["viral"]["question"]))
    slots = {"noun": told["slots"]["noun"][number]}
    greeting = rng.choice(told["talk"]["greeting"])
    question = [greeting, told["viral"]["question"][number], f"Order {order(rng)}."]
    return [
        turn("user", question, slots, rng),
        turn("assistant", [told["viral"]["answer"][number]], slots, rng),
    ]


def turn(role: str, sentences: list[str], slots: dict[str, str], rng: random.Random) -> dict[str, str]:
    """A message of sentences, their slots filled."""

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name in slots:
            return slots[name]
        if name == "order":
            return order(rng)
        return (
            f"{rng.randint(9, 300)}.{rng.randint(0, 99):02d} €"
            if name == "price"
            else str(rng.randint(2, 90))
        )

    return {"role": role, "content": SLOT.sub(fill, " ".join(sentences))}


def order(rng: random.Random) -> str:
    """An order's number."""
    return f"{rng.choice('ABCDEFGH')}{rng.choice('KLMNPQ')}-{rng.randint(1000, 9999)}"


def in_mail(text: str, mail: dict[str, str]) -> str:
    """The text as a mail program exports it."""
    return mail["before"].replace("{{", "{").replace("}}", "}") + html.escape(text) + mail["after"]


def in_paragraphs(text: str) -> str:
    """The text with each sentence a paragraph of HTML."""
    return "".join(f"<p>{html.escape(part)}</p>" for part in re.split(r"(?<=[.!?]) ", text))


def broken(text: str) -> str:
    """The text with accents, read as if its UTF-8 were cp1252.

    >>> broken("Really, café")
    'Really, cafÃ©'
    """
    accented = re.sub(r"\b(\w+)e\b", r"\1é", text, count=2) if text.isascii() else text
    return accented.encode().decode("cp1252", "replace")
