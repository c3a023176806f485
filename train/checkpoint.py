"""Checkpoints that are whole or absent, and from which a run goes on bit for bit."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from train.errors import DataError, TrainError


@dataclass
class State:
    """Where a run stands. The plan of steps is a pure function of the configuration, so `step` is a seek."""

    config: str = ""
    data: str = ""
    tokenizer: str = ""
    step: int = 0
    targets: int = 0
    slots: int = 0
    skipped: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Content:
    """What a checkpoint holds of a model in training: whole tensors, wherever their parts lie."""

    weights: dict[str, Any]
    optimizer: dict[str, Any]


def content(model: Any, optimizer: Any) -> Content:
    """The content to save. Where weights lie in parts, every process has to call it."""
    return Content(
        {name: whole(weight.detach()).contiguous() for name, weight in trained(model)},
        mapped(optimizer.state_dict(), whole),
    )


def whole(tensor: Any) -> Any:
    """A tensor of which each process holds a part, all of it; any other value as it is."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def parted(model: Any) -> bool:
    """Whether each process holds but a part of the model's weights."""
    return any(hasattr(weight, "full_tensor") for weight in model.parameters())


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A state dictionary with each of its values changed."""
    if isinstance(value, dict):
        return {key: mapped(entry, change) for key, entry in value.items()}
    if isinstance(value, list):
        return [mapped(entry, change) for entry in value]
    return change(value)


def save(folder: Path, state: State, told: Content, keep: int = 2) -> Path:
    """Write `step-000123/` beside its name, then rename it; only the last `keep` stay.

    It holds model.safetensors (what is trained, fp32), optimizer.pt, random.pt and state.json.
    """
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"step-{state.step:06d}"
    making = folder / f".step-{state.step:06d}.{os.getpid()}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    save_file(told.weights, making / "model.safetensors")
    torch.save(told.optimizer, making / "optimizer.pt")
    torch.save(random_state(), making / "random.pt")
    (making / "state.json").write_text(json.dumps(asdict(state)), "utf-8")
    for path in making.iterdir():
        synced(path)
    if place.exists():
        shutil.rmtree(place)
    making.rename(place)
    synced(folder)
    for old in places(folder)[:-keep]:
        shutil.rmtree(old)
    return place


def trained(model: Any) -> list[tuple[str, Any]]:
    """Names and tensors that training changes; tied weights once."""
    return [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]


def synced(path: Path) -> None:
    """Ask the disk to have it before anything later."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def places(folder: Path) -> list[Path]:
    """The whole checkpoints in a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*") if (path / "state.json").exists())


def latest(folder: Path) -> Path | None:
    """The last whole checkpoint, or None."""
    found = places(folder)
    return found[-1] if found else None


def load(place: Path, expected: State, model: Any, optimizer: Any, force: bool = False) -> State:
    """Bring model, optimiser and random numbers to where the checkpoint was; its state.

    TrainError where options, data or tokenizer are others than it was made with, unless `force`.
    """
    import torch
    from safetensors.torch import load_file

    try:
        state = State(**json.loads((place / "state.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{place} cannot be read; remove it to go on from the one before") from error
    for name in ("config", "data", "tokenizer"):
        if getattr(state, name) != getattr(expected, name) and not force:
            raise TrainError(
                f"{place} was made with another {name} ({getattr(state, name)}, now "
                f"{getattr(expected, name)}); resume with what it was made with, or with --force"
            )
    weights = load_file(place / "model.safetensors")
    with torch.no_grad():
        for name, weight in trained(model):
            weight.copy_(part_of(weights[name], weight))
    told = torch.load(place / "optimizer.pt", weights_only=True)
    with_parts(told, [weight for group in optimizer.param_groups for weight in group["params"]])
    optimizer.load_state_dict(told)
    set_random_state(torch.load(place / "random.pt", weights_only=True))
    return state


def part_of(tensor: Any, like: Any) -> Any:
    """The tensor laid out over the processes as another one is; as it is where that one is whole."""
    if not hasattr(like, "full_tensor"):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)


def with_parts(told: dict[str, Any], weights: Sequence[Any]) -> None:
    """Lay out the optimiser's moments, numbered as its weights are, as these are."""
    for number, moments in told["state"].items():
        for name, tensor in moments.items():
            if getattr(tensor, "shape", ()) == weights[number].shape:
                moments[name] = part_of(tensor, weights[number])


def random_state() -> dict[str, Any]:
    """Every generator that a step draws from: torch's alone (dropout)."""
    import torch

    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"torch": torch.get_rng_state(), "cuda": cuda}


def set_random_state(told: dict[str, Any]) -> None:
    """Put the generators back."""
    import torch

    torch.set_rng_state(told["torch"])
    if told["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(told["cuda"])
