"""What a model answers: greedy, from its own template, until it ends its turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from train.facts import Sample
from train.generate import Sampling, Speaker
from train.records import Conversation, Message
from train.render import Renderer


def answer(model: Any, renderer: Renderer, messages: Sequence[Message], most: int = 80) -> str:
    """The assistant's next turn, at most `most` tokens, without the token that ends it."""
    return Speaker(model, renderer).answer(messages, Sampling(most=most)).whole()


def write(
    folder: Path, model: Any, tokenizer: Any, conversations: Sequence[Conversation], count: int = 3
) -> list[Sample]:
    """Answers to the opening of the first conversations in which a person asks, kept as `samples.json`."""
    renderer = Renderer(tokenizer)
    model.eval()
    found: list[Sample] = []
    for one in conversations:
        stop = next((n for n, message in enumerate(one.messages) if message.role == "assistant"), 0)
        if stop and len(found) < count:
            told = answer(model, renderer, one.messages[:stop])
            found.append(Sample(one.id, one.messages[stop - 1].content, told))
    (folder / "samples.json").write_text(
        json.dumps([asdict(one) for one in found], ensure_ascii=False), "utf-8"
    )
    return found
