"""Low-rank adapters by peft: put on, and merged back into plain weights."""

from __future__ import annotations

from collections.abc import Sequence
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
    options: dict[str, Any] = {"trainable_token_indices": list(new_tokens)} if new_tokens else {}
    settings = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha or 2 * lora.rank,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
        **options,
    )
    adapted: Any = get_peft_model(model, settings)
    for weight in adapted.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    return adapted


def plain(model: Any) -> Any:
    """The Hugging Face model under the adapters, adapters still in place; a model without any as it is."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def merged(model: Any) -> Any:
    """The model with its adapters added into the weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
