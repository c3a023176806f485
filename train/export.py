"""A trained model as others take it: a Hugging Face folder, a card with its data's manifest, GGUF."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from train import hub
from train.errors import ConfigError, DataError
from train.folder import RUN, read_run
from train.log import read as read_log


def open_model(folder: str | Path, device: str = "cpu", dtype: Any = None) -> tuple[Any, Any]:
    """Model (adapters merged) and tokenizer of a folder that `train fit` or `save_pretrained` wrote.

    `dtype` None: fp32. ConfigError where the folder holds no model.
    """
    hub.reached(str(folder))
    adapters = Path(folder) / "adapter_config.json"
    source = str(folder)
    if adapters.exists():
        source = json.loads(adapters.read_text("utf-8")).get("base_model_name_or_path")
        if not source:
            raise ConfigError(
                f"the adapters in {folder} do not say on which model they stand; train them again"
            )
    hub.reached(source)
    import torch
    from transformers import AutoModelForCausalLM

    from train import lora, models
    from train import tokenizer as tokenizers

    tokenizer = tokenizers.load(str(folder))
    loaders: Any = AutoModelForCausalLM
    try:
        model = loaders.from_pretrained(source, dtype=dtype or torch.float32)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no model at '{source}'; give a folder that 'train fit' wrote, or a hub name"
        ) from error
    models.grow(model, tokenizer)
    if adapters.exists():
        model = lora.merged(lora.reopened(model, folder))
    return model.to(device).eval(), tokenizer


def export(folder: str | Path, to: str | Path, *, dtype: str = "float32", gguf: str = "") -> Path:
    """Write the model of a run, adapters merged, to a folder: weights, tokenizer, `README.md`, `train.json`.

    dtype: `float32`, `bfloat16` or `float16`. `gguf`: llama.cpp's folder; the model is converted with its own
    converter to `model.gguf`. Raises ConfigError where `to` holds something, or the converter cannot run.
    """
    import torch

    folder, to = Path(folder), Path(to)
    told = read_run(folder)
    dtypes = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if dtype not in dtypes:
        raise ConfigError(f"dtype '{dtype}'; allowed: {', '.join(dtypes)}")
    if to.exists() and any(to.iterdir()):
        raise ConfigError(f"{to} is not empty; give a new folder")
    converter = converter_of(gguf) if gguf else None
    model, tokenizer = open_model(folder, dtype=dtypes[dtype])
    to.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(to)
    tokenizer.save_pretrained(to)
    shutil.copy(folder / RUN, to / RUN)
    manifest = data_manifest(told)
    if manifest is not None:
        (to / "data_manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")
    (to / "README.md").write_text(card(told, list(read_log(folder / "log.jsonl")), manifest), "utf-8")
    if converter is not None:
        to_gguf(converter, to)
    return to


def data_manifest(told: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of the curation run that the data came from, or None where there is none."""
    path = Path(told["config"]["data"]["source"]) / "manifest.json"
    if not told["config"]["data"]["source"] or not path.exists():
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{path} cannot be read; curate the data again") from error
    return found if isinstance(found, dict) else None


def card(told: dict[str, Any], log: list[dict[str, Any]], manifest: dict[str, Any] | None) -> str:
    """A model card in Markdown: base, data, accounting, options, last loss; no text of the data."""
    counted, config = told["accounting"], told["config"]
    losses = [line["loss"] for line in log if line["kind"] == "step"]
    base = config["model"]["source"]
    scratch = base.endswith(".json")
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-generation",
        "tags: [tamis]",
        "---",
        "# A model trained on a curated set",
        "",
        f"Trained {'from scratch' if scratch else f'from `{Path(base).name}`'}"
        + (f" with adapters of rank {config['lora']['rank']}, merged." if config["lora"]["rank"] else "."),
        "",
        "## Data",
        "",
        f"{counted['conversations']} conversations, {counted['messages']} messages; "
        f"content `{told['hashes']['data']}`.",
        "",
        "| tokens | |",
        "|---|---:|",
        *(
            f"| {name} | {counted[name]} |"
            for name in ("rendered", "trained", "masked", "truncated", "dropped")
        ),
        "",
        f"Assistant tokens that no step saw: {counted['lost_share']:.2%}.",
        "",
        *curation_lines(manifest),
        *canary_lines(config),
        "## Training",
        "",
        f"{told['steps']} steps, seed {config['run']['seed']}, options `{told['hashes']['config']}`."
        + (f" Loss of the last step: {losses[-1]:.4f} nats per token." if losses else ""),
        "",
        "Losses on training data say little about use: evaluate on conversations held out.",
        "",
    ]
    return "\n".join(lines)


def curation_lines(manifest: dict[str, Any] | None) -> list[str]:
    """What the card says of curation."""
    if manifest is None:
        return ["No curation manifest stood beside the data.", ""]
    known = [
        f"{key}: {manifest[key]}" for key in ("recipe_hash", "version") if isinstance(manifest.get(key), str)
    ]
    return [
        "Curated with Tamis; the run's manifest (recipe, versions, hashes, counts) is `data_manifest.json`"
        + (f" ({'; '.join(known)})." if known else "."),
        "",
    ]


def canary_lines(config: dict[str, Any]) -> list[str]:
    """What the card says of secrets that were planted: a model that learned them is for measuring."""
    planted = config.get("canaries", {"count": 0})
    if not planted["count"]:
        return []
    secrets = planted["count"] * len(planted["copies"])
    return [
        f"**{secrets} invented secrets (canaries) were planted** among the data, to measure memorisation; "
        "for a model to be used, train again without them.",
        "",
    ]


def converter_of(folder: str) -> Path:
    """llama.cpp's converter, or ConfigError that says where it comes from."""
    path = Path(folder) / "convert_hf_to_gguf.py"
    if not path.exists():
        raise ConfigError(
            f"no convert_hf_to_gguf.py in {folder}; GGUF is made by llama.cpp's own converter: clone "
            "llama.cpp and give its folder with --gguf, or export without"
        )
    return path


def to_gguf(converter: Path, folder: Path) -> Path:
    """`model.gguf` beside the exported model. The converter knows tokenizers by name and refuses others, such
    as one trained from scratch; the exported folder stands all the same."""
    made = folder / "model.gguf"
    done = subprocess.run(
        [sys.executable, str(converter), str(folder), "--outfile", str(made)],
        capture_output=True,
        check=False,
    )
    if done.returncode or not made.exists():
        unknown = b"pre-tokenizer" in done.stderr
        why = (
            "it does not know this tokenizer (one trained from scratch never is)" if unknown else "it failed"
        )
        raise ConfigError(
            f"llama.cpp's converter made no GGUF: {why}; the Hugging Face folder {folder} is whole"
        )
    return made
