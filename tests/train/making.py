"""What the tests of train/ share: tiny models, tokenizers with templates of the common families, chats."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

from train.records import Conversation, conversation
from train.tokenizer import train_bpe

WORDS = [
    "the",
    "a",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "dog",
    "and",
    "then",
    "sleeps",
    "under",
    "tree",
    "while",
    "birds",
    "sing",
]

LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n'"
    " + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
CHATML = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] }}"
    "{% for call in m['tool_calls'] or [] %}{{ '\n<tool_call>\n{\"name\": \"' + call['function']['name'] + '\", \"arguments\": ' }}"
    "{{ call['function']['arguments'] | tojson }}{{ '}\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' + m['content'] | trim"
    " + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('must alternate') }}{% endif %}"
    "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
)
FAMILIES = {
    "own": ("", (), ""),
    "llama3": (LLAMA3, ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), "<|eot_id|>"),
    "chatml": (CHATML, ("<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"), "<|im_end|>"),
    "gemma": (GEMMA, ("<start_of_turn>", "<end_of_turn>"), "<end_of_turn>"),
    "mistral": (MISTRAL, ("[INST]", "[/INST]", "</s>"), "</s>"),
}
"""Family: its template in its usual form, its control tokens, and the one that ends a turn."""


@cache
def tokenizer(family: str = "own", vocabulary: int = 420) -> Any:
    """A byte-level BPE tokenizer with a family's template and control tokens; none has `{% generation %}`."""
    made = train_bpe(
        [*WORDS, "Hello there. How are you? I am fine, thank you.", "user assistant system"], vocabulary
    )
    template, control, end = FAMILIES[family]
    if template:
        made.add_special_tokens({"extra_special_tokens": list(control)})
        made.chat_template, made.eos_token = template, end
    return made


def sizes(kind: str = "llama", **more: Any) -> dict[str, Any]:
    """A config.json of a model with some 20,000 parameters."""
    shared = {"llama": 1, "qwen2": 1, "gpt2": None}[kind]
    told: dict[str, Any] = (
        {
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 2,
            "n_positions": 512,
            "resid_pdrop": 0.0,
            "embd_pdrop": 0.0,
            "attn_pdrop": 0.0,
        }
        if kind == "gpt2"
        else {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": shared,
            "max_position_embeddings": 512,
        }
    )
    return {"model_type": kind, **told, **more}


def chats(count: int = 40, seed: int = 0, turns: int = 1, most: int = 30) -> list[Conversation]:
    """Conversations of invented words, of very unequal lengths."""
    rng = random.Random(seed)

    def said(limit: int) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(2, limit)))

    return [
        conversation(
            f"c{number}",
            [
                turn
                for _ in range(rng.randint(1, turns))
                for turn in (("user", said(12)), ("assistant", said(most)))
            ],
        )
        for number in range(count)
    ]


def decoded(tokenizer: Any, ids: Sequence[int] | Any) -> str:
    """The text of ids, control tokens included."""
    return str(tokenizer.decode([int(one) for one in ids]))
