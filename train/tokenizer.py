"""Tokenizers: a byte-level BPE trained on the data, or a model's own, with a chat's control tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from train import hub
from train.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

CONTROL = (
    "<|pad|>",
    "<|bos|>",
    "<|end|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|tool|>",
    "<|call|>",
)
"""Control tokens of a tokenizer trained here, ids 0 to 7; `<|end|>` ends every turn and is its eos."""

TEMPLATE = """{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}\
{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}\
{% for call in message['tool_calls'] or [] %}{{ '<|call|>' + call['function']['name'] + ' ' }}\
{{ call['function']['arguments'] | tojson }}{% endfor %}{{ '<|end|>' }}{% endgeneration %}\
{% else %}{{ message['content'] + '<|end|>' }}{% endif %}{% endfor %}\
{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"""
"""The chat template of a tokenizer trained here."""

CHATML = """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}\
{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}\
{% endgeneration %}\
{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
"""The template given to a model that has none; its two control tokens are added to the vocabulary."""


def train_bpe(texts: Iterable[str], vocabulary: int = 8192) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer (Sennrich et al. 2016; Radford et al. 2019) of at most `vocabulary` entries.

    Every text has a tokenization that decodes to itself: all 256 bytes are entries. Digits stand alone.

    >>> tokenizer = train_bpe(["hello there", "hello you"], 300)
    >>> tokenizer.decode(tokenizer.encode("hello é", add_special_tokens=False))
    'hello é'
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    if vocabulary < 256 + len(CONTROL):
        raise ConfigError(
            f"model.vocabulary = {vocabulary}; give at least {256 + len(CONTROL)}: bytes and control"
        )
    raw: Any = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{N}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(CONTROL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    raw.train_from_iterator(texts, trainer)
    fast: Any = PreTrainedTokenizerFast
    made = fast(
        tokenizer_object=raw,
        pad_token="<|pad|>",
        bos_token="<|bos|>",
        eos_token="<|end|>",
        extra_special_tokens=[name for name in CONTROL if name not in ("<|pad|>", "<|bos|>", "<|end|>")],
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = TEMPLATE
    return made  # type: ignore[no-any-return]


def load(source: str | Path, template: str = "") -> PreTrainedTokenizerFast:
    """The tokenizer of a folder or a hub name, ready for chat (see `ready`); `template` is a Jinja file."""
    hub.reached(str(source), "tokenizer")
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(str(source))
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"no tokenizer at '{source}'; give --tokenizer FOLDER or a hub name") from error
    if template:
        found.chat_template = Path(template).read_text("utf-8")
    return ready(found)


def ready(tokenizer: Any) -> PreTrainedTokenizerFast:
    """The tokenizer with a chat template and a pad token that ends nothing (never eos).

    Tokens are added only where they lack; the model's embeddings then grow by as many rows.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ConfigError(
            f"the tokenizer {type(tokenizer).__name__} has no fast form; export it as tokenizer.json first"
        )
    if not tokenizer.chat_template:
        tokenizer.add_special_tokens({"extra_special_tokens": ["<|im_start|>", "<|im_end|>"]})
        tokenizer.chat_template = CHATML
        tokenizer.eos_token = "<|im_end|>"
    ends = {tokenizer.eos_token, "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>"}
    if tokenizer.pad_token is None or tokenizer.pad_token in ends:
        spare = [name for name in PADS if name not in ends and name in tokenizer.get_vocab()]
        tokenizer.pad_token = spare[0] if spare else "<|pad|>"
    return tokenizer  # type: ignore[no-any-return]


PADS = ("<|pad|>", "<pad>", "[PAD]", "<|finetune_right_pad_id|>", "<|vision_pad|>", "<unk>", "[UNK]")
"""Entries that may serve as padding where a tokenizer has none of its own."""


def control_ids(tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """Ids that text typed by a person must never become: special tokens, and added ones that are markup."""
    added = tokenizer.added_tokens_decoder
    return frozenset(
        number for number, token in added.items() if token.special or is_markup(token.content)
    ) | {*tokenizer.all_special_ids}


def is_markup(token: str) -> bool:
    """Whether an added token is written in brackets, as control tokens are.

    >>> is_markup("<tool_call>"), is_markup("   ")
    (True, False)
    """
    return len(token) > 2 and token[0] in "<[" and token[-1] in ">]"


def bytes_per_id(tokenizer: PreTrainedTokenizerFast) -> np.ndarray[Any, Any] | None:
    """UTF-8 bytes that each id stands for, [V] of int32, 0 for control tokens; None unless byte-level.

    A text's ids then sum to its bytes, which makes bits per byte exact.

    >>> tokenizer = train_bpe(["été"], 264)
    >>> bytes_per_id(tokenizer)[tokenizer.encode("été", add_special_tokens=False)].sum()
    np.int64(5)
    """
    from tokenizers import pre_tokenizers

    alphabet = set(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = tokenizer.get_vocab()
    sizes = np.zeros(max(vocabulary.values()) + 1, np.int32)
    added = tokenizer.added_tokens_decoder
    control = control_ids(tokenizer)
    for token, number in vocabulary.items():
        if number in control:
            continue
        if number in added:
            sizes[number] = len(token.encode())
        elif alphabet.issuperset(token):
            sizes[number] = len(token)
        else:
            return None
    return sizes


def tokenizer_hash(tokenizer: PreTrainedTokenizerFast) -> str:
    """16 hex digits of the vocabulary, merges and chat template."""
    told = tokenizer.backend_tokenizer.to_str() + "\0" + str(tokenizer.chat_template)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
