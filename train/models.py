"""The model to train: read, or drawn from a seed for a `config.json`; with a row for every token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from train import hub
from train.config import Config, Lora, Model
from train.errors import ConfigError

EXAMPLE = (
    '{"model_type": "llama", "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 6, '
    '"num_attention_heads": 4, "num_key_value_heads": 4}'
)
"""What a `config.json` may hold: the rest is as transformers has it, the vocabulary is our tokenizer's."""


def from_scratch(told: dict[str, Any], tokenizer: Any, seed: int = 0) -> Any:
    """A model with new fp32 weights, the same for the same seed.

    `told` is a Hugging Face `config.json` (`model_type` and sizes); the vocabulary and the ids of control
    tokens are the tokenizer's.
    """
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    models: Any = AutoModelForCausalLM
    return models.from_config(architecture(told, tokenizer), dtype=torch.float32)


def architecture(told: dict[str, Any], tokenizer: Any) -> Any:
    """The model's configuration with the tokenizer's vocabulary."""
    from transformers import AutoConfig

    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    told = {**told, **ids, "vocab_size": len(tokenizer)}
    kind = told.pop("model_type", None)
    if not kind:
        raise ConfigError(
            'the model\'s config.json has no \'model_type\'; write for example "model_type": "llama"'
        )
    try:
        return AutoConfig.for_model(kind, **told)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"transformers has no causal model of type '{kind}' with these sizes") from error


def check(config: Config) -> None:
    """ConfigError, before anything is read or written, where the model or its tokenizer cannot be had."""
    model = config.model
    if not model.source:
        raise ConfigError("no model; give a folder, a hub name or a config.json with --model")
    if is_sizes(model.source):
        sizes(model.source)
        if config.lora.rank:
            raise ConfigError(
                f"lora.rank = {config.lora.rank} with {model.source}: adapters stand on weights that were "
                "learned, and a config.json has none; give a model's folder, or leave --lora out to train "
                "from scratch"
            )
    else:
        hub.reached(model.source)
    if model.tokenizer:
        hub.reached(model.tokenizer, "tokenizer")


def is_sizes(source: str) -> bool:
    """Whether a model's source is a `config.json`, that is, sizes without weights."""
    return source.endswith(".json")


def sizes(source: str) -> dict[str, Any]:
    """The content of a `config.json`."""
    try:
        told = json.loads(Path(source).read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"no file '{source}'; write one of sizes alone, for example {EXAMPLE}, or name a model's folder"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"cannot read '{source}': {error.strerror}; name a Hugging Face config.json that can be"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{source} is not JSON; give a Hugging Face config.json") from error
    if not isinstance(told, dict):
        raise ConfigError(f"{source} is not a JSON object; give a Hugging Face config.json")
    return told


def shape(model: Model, tokenizer: Any) -> Any:
    """The model's configuration, without its weights."""
    if is_sizes(model.source):
        return architecture(sizes(model.source), tokenizer)
    hub.reached(model.source)
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(model.source)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no model at '{model.source}'; give a folder, a hub name or a config.json with --model"
        ) from error


def load(config: Config, tokenizer: Any, dtype: Any, device: str) -> Any:
    """The model on the device, its embeddings grown if the tokenizer has more tokens than rows.

    Weights are fp32 when they are trained (masters), `dtype` when adapters are, 4 bit for QLoRA.
    """
    import torch
    from transformers import AutoModelForCausalLM

    if is_sizes(config.model.source):
        return from_scratch(sizes(config.model.source), tokenizer, config.model.init_seed).to(device)
    shape(config.model, tokenizer)
    frozen = config.lora.rank > 0
    held = dtype if frozen or config.run.dtype == "pure-bfloat16" else torch.float32
    options: dict[str, Any] = {"dtype": held}
    if config.lora.quantize:
        options |= {"quantization_config": four_bit(config.lora, dtype), "device_map": {"": device}}
    model: Any = AutoModelForCausalLM.from_pretrained(config.model.source, **options)
    if not config.lora.quantize:
        model = model.to(device)
    torch.manual_seed(config.model.init_seed)
    grow(model, tokenizer)
    return model


def four_bit(lora: Lora, dtype: Any) -> Any:
    """The frozen weights in NF4; ConfigError where bitsandbytes or a GPU lacks."""
    import importlib.util

    import torch
    from transformers import BitsAndBytesConfig

    if importlib.util.find_spec("bitsandbytes") is None or not torch.cuda.is_available():
        raise ConfigError("lora.quantize needs a GPU and bitsandbytes; 'pip install bitsandbytes'")
    config: Any = BitsAndBytesConfig
    return config(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def recompute(model: Any) -> None:
    """Keep the inputs of layers only, and compute activations again on the way back."""
    how = {"use_reentrant": False}
    if hasattr(model, "activation_checkpointing_enable"):  # the name that transformers 6 will know
        model.activation_checkpointing_enable(how)
    else:
        model.gradient_checkpointing_enable(how)


def grow(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """Give the model a row for every token; the ids of new rows (the mean of the old ones, plus noise)."""
    rows = model.get_input_embeddings().weight.shape[0]
    model.config.pad_token_id = tokenizer.pad_token_id
    if len(tokenizer) <= rows:
        return ()
    model.resize_token_embeddings(len(tokenizer))
    return tuple(range(rows, len(tokenizer)))
