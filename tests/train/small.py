"""A tiny model, its tokenizer and invented conversations, for the tests of evaluation."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from train.records import Conversation, conversation

TEXT = """the red kettle stopped working after a week and I would like it back please thanks for your answer
we send a new one today été où ça 你好 order number twelve is late again"""
WORDS = TEXT.split()


def say(rng: random.Random, most: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))


def chats(count: int, seed: int = 0, most: int = 20, turns: int = 6) -> list[Conversation]:
    """Conversations of unequal length, some with a system message, some that an assistant opens."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        told: list[tuple[str, str] | tuple[str, str, int | None]] = []
        if number % 3 == 0:
            told.append(("system", say(rng, 8)))
        if number % 5 == 1:
            told.append(("assistant", say(rng, 5)))
        for turn in range(rng.randint(1, turns)):
            told += [("user", say(rng, most)), ("assistant", say(rng, most), 0 if turn == 2 else None)]
        found.append(
            conversation(
                f"c{number}",
                told,
                conversation_language="fr" if number % 2 else "en",
                toxicity=(number % 10) / 10,
            )
        )
    return found


@cache
def tokenizer() -> Any:
    from train.tokenizer import train_bpe

    return train_bpe((m.content for one in chats(40) for m in one.messages), 400)


@cache
def model(kind: str = "llama", seed: int = 0, positions: int = 512) -> Any:
    import torch

    from train.models import from_scratch

    torch.set_num_threads(1)
    sizes: dict[str, Any] = {
        "model_type": kind,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": positions,
    }
    if kind == "gpt2":
        sizes = {"model_type": kind, "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": positions}
    else:
        sizes |= {"intermediate_size": 64, "num_key_value_heads": 1}
    made = from_scratch(sizes, tokenizer(), seed)
    for weight in made.parameters():  # far from uniform, so that what is attended to shows in the numbers
        if weight.ndim > 1:
            weight.data *= 6
    return made.eval()
