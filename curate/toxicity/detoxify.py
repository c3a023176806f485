"""Detoxify's transformers, from a folder without a network or downloaded; no code in a checkpoint is run.

The names, addresses and construction of the models are those of the package detoxify; what is ours is the
safe reading (weights only), the offline folder, and batches of like length, several times faster.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.errors import RecipeError

BATCH_TOKENS = 2048
"""Padded tokens in a batch on a CPU; sixteen times as many on a GPU."""
STANDARD = {"toxic": "toxicity", "severe_toxic": "severe_toxicity", "identity_hate": "identity_attack"}
"""Names that older checkpoints give their classes, and those of today."""
LAYOUT = (
    "the folder holds the checkpoint (one *.ckpt of detoxify's releases) and, of the model it was made from, "
    "config.json and the tokenizer's files"
)


@dataclass(frozen=True)
class Transformer:
    """A loaded checkpoint. Scores differ from detoxify's own `predict` by less than 0.001 in fp32."""

    name: str
    model: Any
    tokenizer: Any
    classes: tuple[str, ...]
    sha256: str
    precision: str
    device: str

    @property
    def columns(self) -> tuple[str, ...]:
        """`toxicity` first, then a column for each other class: `toxicity_insult`, …

        Classes that begin with the word keep their name: `toxicity_severe`.
        """
        return tuple(column_of(one) for one in sorted(self.classes, key=lambda one: one != "toxicity"))

    def score(self, texts: pl.Series) -> dict[str, NDArray[np.float64]]:
        """Scores of each text; an empty or blank one has 0.0 without being asked about."""
        worded = np.flatnonzero(texts.str.contains(r"\S").fill_null(value=False).to_numpy())
        found = np.zeros((len(texts), len(self.classes)))
        found[worded] = self._score(texts.gather(worded).to_list())
        return {column: found[:, self._place(column)] for column in self.columns}

    def _place(self, column: str) -> int:
        return [column_of(one) for one in self.classes].index(column)

    def _score(self, texts: list[str]) -> NDArray[np.float64]:
        """Batches of like length, the longest first: what does not fit in memory shows at once."""
        import torch

        found = np.zeros((len(texts), len(self.classes)))
        limit = getattr(self.model.config, "max_position_embeddings", 512)
        # Positions begin after the padding id in RoBERTa and its kin: 514 of them hold 512 tokens.
        limit = min(self.tokenizer.model_max_length, limit if limit % 512 != 2 else limit - 2)
        tokens = self.tokenizer(texts, truncation=True, max_length=limit)["input_ids"] if texts else []
        budget = BATCH_TOKENS * (16 if self.device == "cuda" else 1)
        for rows in batches([len(ids) for ids in tokens], budget):
            inputs = self.tokenizer.pad({"input_ids": [tokens[row] for row in rows]}, return_tensors="pt")
            with torch.inference_mode():
                answer = self.model(**inputs.to(self.device))[0]
            scores = torch.sigmoid(answer.float()).cpu().numpy()
            found[rows] = scores[:, : len(self.classes)]
        return found

    def describe(self) -> dict[str, str]:
        """What the manifest says of the scorer that ran."""
        return {
            "name": f"detoxify:{self.name}",
            "version": importlib.metadata.version("detoxify"),
            "sha256": self.sha256,
            "precision": self.precision,
            "device": self.device,
        }


def column_of(one: str) -> str:
    """The measure in which the scores of a class stand.

    >>> [column_of(name) for name in ("toxicity", "insult", "severe_toxicity")]
    ['toxicity', 'toxicity_insult', 'toxicity_severe']
    """
    return one if one == "toxicity" else f"toxicity_{one.removesuffix('_toxicity')}"


def batches(lengths: list[int], budget: int) -> Iterator[list[int]]:
    """Rows from the longest to the shortest, in batches whose padded size stays within `budget`.

    >>> list(batches([2, 9, 3, 4], budget=10))
    [[1], [3, 2], [0]]
    """
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    start = 0
    while start < len(order):
        stop = start + max(1, budget // max(1, lengths[order[start]]))
        yield order[start:stop]
        start = stop


def load_detoxify(name: str, folder: str, precision: str) -> Transformer:
    """The model `name`, from `folder` or downloaded where that is empty.

    Raises RecipeError where the package is missing, where the folder is not as it must be, and where a
    download fails.
    """
    try:
        import detoxify.detoxify as package
        import torch
        import transformers
    except ImportError as missing:
        wrong = f"toxicity.model = 'detoxify:{name}' needs the package {missing.name or 'detoxify'}"
        raise RecipeError(f"{wrong}; pip install 'tamis[toxicity]'") from None
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    address = package.MODEL_URLS[name]
    checkpoint = find_checkpoint(folder, Path(address).name) if folder else fetch_checkpoint(address)
    loaded = read_checkpoint(checkpoint)
    settings = dict(loaded["config"]["arch"]["args"])
    if folder:
        settings["model_type"] = folder
    try:
        model, tokenizer = package.get_model_and_tokenizer(**settings, state_dict=loaded["state_dict"])
    except (OSError, ValueError, TypeError, RuntimeError, AttributeError):
        where = f"'{folder}'" if folder else f"the model hub for '{settings['model_type']}'"
        raise RecipeError(
            f"config or tokenizer for 'detoxify:{name}' could not be had from {where}; {LAYOUT}"
        ) from None
    lacking = [key for key, _ in model.named_parameters() if key not in loaded["state_dict"]]
    if lacking:  # it would run with random weights there
        raise RecipeError(f"'{checkpoint.name}' lacks {len(lacking)} weights of its model; {LAYOUT}")
    classes = [STANDARD.get(one, one) for one in loaded["config"]["dataset"]["args"]["classes"]]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = settled(precision, device)
    model = converted(model.eval(), precision).to(device)
    with checkpoint.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Transformer(name, model, tokenizer, tuple(classes), sha256, precision, device)


def find_checkpoint(folder: str, released: str) -> Path:
    """The checkpoint in a folder: the one named as released, else the only one."""
    found = sorted(Path(folder).glob("*.ckpt"))
    named = [path for path in found if path.name == released]
    if named or len(found) == 1:
        return (named or found)[0]
    has = f"{len(found)} files *.ckpt, none of them {released}" if found else "no file *.ckpt"
    raise RecipeError(f"toxicity.folder '{folder}' has {has}; {LAYOUT}")


def fetch_checkpoint(address: str) -> Path:
    """The released checkpoint, downloaded into torch's cache once and checked by the hash in its name."""
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(address).name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = path.stem.rsplit("-", 1)[-1]
        part = path.with_suffix(f".{os.getpid()}")
        try:
            torch.hub.download_url_to_file(address, str(part), hash_prefix=prefix, progress=False)
            part.replace(path)
        except (OSError, RuntimeError):
            part.unlink(missing_ok=True)
            raise RecipeError(
                f"{address} could not be downloaded; fetch it where there is a network and give its folder "
                f"as toxicity.folder: {LAYOUT}"
            ) from None
    return path


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds, read without running any code in it."""
    import pickle

    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        settings = loaded["config"]["arch"]["args"], loaded["config"]["dataset"]["args"]["classes"]
        if not settings or not loaded["state_dict"]:
            raise KeyError
    except (OSError, EOFError, RuntimeError, KeyError, TypeError, ValueError, pickle.UnpicklingError):
        raise RecipeError(
            f"'{path.name}' is no checkpoint of detoxify (config and state_dict, weights only); "
            "download it again from the addresses in detoxify's README"
        ) from None
    found: dict[str, Any] = loaded
    return found


def settled(precision: str, device: str) -> str:
    """The precision to run in: `auto` is bf16 where the machine computes in it, else fp32."""
    import torch

    if precision == "int8" and device == "cuda":
        return "bf16"
    if precision != "auto":
        return precision
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if fast else "fp32"


def converted(model: Any, precision: str) -> Any:
    """The model in that precision; int8 quantises linear layers as they run."""
    import torch

    if precision == "bf16":
        return model.to(torch.bfloat16)
    if precision == "int8":
        quantize: Any = torch.ao.quantization.quantize_dynamic
        return quantize(model, {torch.nn.Linear}, dtype=torch.qint8)
    return model.float()
