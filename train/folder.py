"""A training run's folder: what it was asked and found (`train.json`), and the model beside it."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train import canaries, checkpoint, forecast, lora
from train.checkpoint import State
from train.errors import ConfigError, DataError
from train.prepare import Prepared

if TYPE_CHECKING:
    from train.fit import Fit

RUN = "train.json"
"""What a run was asked, and what it found, in its folder."""


def check_folder(folder: Path, resume: bool, fresh: bool) -> None:
    """ConfigError for a folder that holds a run, unless it is to go on or to be replaced."""
    if (folder / RUN).exists() and not (resume or fresh):
        raise ConfigError(
            f"{folder} holds a training run; 'train resume {folder}' goes on with it, --fresh replaces it"
        )


def ready_folder(folder: Path, resume: bool, fresh: bool) -> None:
    """Make the folder, without what an earlier run left in it where that is to be replaced."""
    if fresh and (folder / RUN).exists() and not resume:
        import shutil

        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        for name in (RUN, "log.jsonl", "train.html", canaries.NAME):
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def read_run(folder: str | Path) -> dict[str, Any]:
    """What `train.json` in a run's folder says."""
    path = Path(folder) / RUN
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"no training run at {folder}; 'train fit' makes one") from error
    if not isinstance(told, dict):
        raise DataError(f"{path} is not what 'train fit' wrote")
    return told


def write_run(folder: Path, prepared: Prepared, told: forecast.Forecast, state: State) -> None:
    """Write `train.json`, whole or not at all."""
    import torch
    import transformers

    content = {
        "format": 1,
        "config": prepared.config.as_dict(),
        "hashes": {"config": state.config, "data": state.data, "tokenizer": state.tokenizer},
        "accounting": prepared.accounting.as_dict(),
        "steps": len(prepared.plan),
        "row_length": prepared.row_length,
        "padding": prepared.padding,
        "attention": prepared.backend,
        "device": prepared.device,
        "forecast": {**asdict(told), "needed": told.needed, "mfu_assumed": forecast.EXPECTED_MFU},
        "versions": {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "python": platform.python_version(),
        },
    }
    making = folder / f".{RUN}.tmp"
    making.write_text(json.dumps(content, indent=1), "utf-8")
    making.replace(folder / RUN)


def save_model(run: Fit, rank: int = 0) -> None:
    """Write weights (or adapters) and configuration where transformers (or peft) looks for them.

    Process 0 writes; where weights lie in parts, every process has to call it.
    """
    base = lora.plain(run.model)
    tied = {name for name, _ in base.named_parameters(remove_duplicate=False)}
    tied -= {name for name, _ in base.named_parameters()}
    told = (
        {name: checkpoint.whole(part) for name, part in base.state_dict().items() if name not in tied}
        if checkpoint.parted(base)
        else None
    )
    if rank:
        return
    backend = run.prepared.backend
    base.set_attn_implementation("sdpa" if backend in ("varlen", "flex") else backend)
    run.model.save_pretrained(run.folder, state_dict=told)
