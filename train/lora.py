"""Low-rank adapters by peft: put on, and merged back into plain weights."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from train.config import Lora


def adapt(model: Any, lora: Lora, new_tokens: Sequence[int] = ()) -> Any:
    """The model with adapters to train and everything else frozen.

    The output layer gets none (the chunked loss reads its weight directly). Rows of tokens that were added to
    the vocabulary are trained too: an adapter could not give them a meaning.
    """
    from peft import LoraConfig, get_peft_model

    targets: Any = list(lora.targets)
    if targets == ["all-linear"]:
        targets = "all-linear"
    options = (
        {"trainable_token_indices": {name: list(new_tokens) for name in tables(model)}} if new_tokens else {}
    )
    settings = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha or 2 * lora.rank,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
        **options,  # type: ignore[arg-type]
    )
    with asked_by_its_old_name():
        adapted: Any = get_peft_model(model, settings)
    for weight in adapted.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    return adapted


def reopened(model: Any, folder: str | Path) -> Any:
    """The model with the adapters of a folder."""
    from peft import PeftModel

    with asked_by_its_old_name():
        return PeftModel.from_pretrained(model, str(folder))


@contextmanager
def asked_by_its_old_name() -> Iterator[None]:
    """Without one warning of transformers: peft (0.21) asks it `is_gradient_checkpointing`, which is to go.

    Nothing of what we call has that name, and who trains can do nothing about it.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def tables(model: Any) -> list[str]:
    """Names of the modules that hold a row per token: the input embeddings, and the output layer if apart
    (tied to the input, it follows by itself)."""
    table, head = model.get_input_embeddings(), model.get_output_embeddings()
    wanted = {id(table)} | ({id(head)} if head.weight is not table.weight else set())
    return [name.rpartition(".")[2] for name, module in model.named_modules() if id(module) in wanted]


def plain(model: Any) -> Any:
    """The Hugging Face model under the adapters, adapters still in place; a model without any as it is."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def merged(model: Any) -> Any:
    """The model with its adapters added into the weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
