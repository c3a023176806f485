"""Adapters over frozen weights of four bits (QLoRA): refused where it cannot be, tried where it can."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from tests.train.making import sizes, tokenizer
from tests.train.test_fit import options, written
from train import log, models
from train.config import Config, Lora
from train.errors import ConfigError
from train.fit import fit
from train.models import from_scratch


def test_four_bits_without_a_gpu_or_bitsandbytes_are_refused_with_what_to_install() -> None:
    from importlib.util import find_spec

    if torch.cuda.is_available() and find_spec("bitsandbytes"):
        pytest.skip("bitsandbytes and a GPU are here: the next test trains with them")
    with pytest.raises(ConfigError, match="pip install bitsandbytes"):
        models.four_bit(Lora(rank=4, quantize=True), torch.bfloat16)
    with pytest.raises(ConfigError, match=r"give lora\.rank"):
        Config(lora=Lora(quantize=True))


def test_adapters_learn_over_frozen_weights_of_four_bits(tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="four-bit weights need bitsandbytes")
    if not torch.cuda.is_available():
        pytest.skip("four-bit weights need a GPU")
    written(tmp_path)
    known = tokenizer()
    from_scratch(sizes(hidden_size=64, intermediate_size=128), known).save_pretrained(tmp_path / "base")
    known.save_pretrained(tmp_path / "base")
    told = options(
        tmp_path,
        str(tmp_path / "base"),
        lora={"rank": 4, "quantize": True},
        optim={"steps": 20},
        run={"dtype": "bfloat16", "compile": "off"},
    )
    done = fit(told, tmp_path / "run")
    losses = [line["loss"] for line in log.read(tmp_path / "run" / "log.jsonl") if line["kind"] == "step"]
    assert losses[-1] < losses[0]
    assert {type(module).__name__ for module in done.model.modules()} & {"Linear4bit"}
