"""Forecasts: an 8B model in full does not fit one H100, with adapters it does; and what is said then."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch")

from transformers import LlamaConfig

from tests.train.making import sizes, tokenizer
from train import forecast, show
from train.config import Config, Data, Lora, Model, Optim, Run
from train.errors import ConfigError
from train.log import expected
from train.models import architecture, from_scratch
from train.schedule import rate

LLAMA_8B = LlamaConfig(
    vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
    num_key_value_heads=8,
)  # fmt: skip
H100 = 79 * forecast.GIB


@pytest.fixture
def on_h100(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "memory", lambda device: H100)
    monkeypatch.setattr(forecast, "peak_flops", lambda device: 989e12)


def told(config: Config, batch: int = 2048) -> forecast.Forecast:
    return forecast.forecast(config, LLAMA_8B, slots=10**8, batch_tokens=batch, device="cuda", length=500.0)


def test_the_parameters_of_an_8b_model_are_counted_without_making_it() -> None:
    total, matmul = forecast.parameters_of(LLAMA_8B)
    assert total == 8_030_261_248
    assert total - matmul == 128256 * 4096 + 65 * 4096  # the input table is looked up; norms are vectors


def test_a_counted_model_is_the_made_one() -> None:
    for kind in ("llama", "qwen2", "gpt2"):
        made = from_scratch(sizes(kind), tokenizer())
        assert forecast.parameters_of(architecture(sizes(kind), tokenizer()))[0] == sum(
            one.numel() for one in made.parameters()
        )


@pytest.mark.usefixtures("on_h100")
@pytest.mark.parametrize(
    ("lora", "fits"), [(Lora(), False), (Lora(rank=16), True), (Lora(rank=16, quantize=True), True)]
)
def test_an_8b_model_fits_one_h100_with_adapters_only(lora: Lora, fits: bool) -> None:
    assert told(Config(lora=lora)).fits == fits


@pytest.mark.usefixtures("on_h100")
def test_what_does_not_fit_is_refused_with_what_would() -> None:
    config = Config()
    with pytest.raises(ConfigError, match=r"8\.03B parameters.*lora\.rank=16.*lora\.quantize"):
        forecast.check(config, told(config), LLAMA_8B, "cuda", 2048)


@pytest.mark.usefixtures("on_h100")
def test_memory_holds_16_bytes_per_parameter_of_full_training_and_the_casts() -> None:
    found = told(Config())
    assert found.weights + found.gradients + found.optimizer == 16 * found.parameters
    assert found.casts == 2 * found.parameters
    assert told(Config(lora=Lora(rank=16))).needed < 0.35 * found.needed
    assert (
        told(Config(run=Run(checkpointing="on")), 8192).activations < 0.2 * told(Config(), 8192).activations
    )


@pytest.mark.usefixtures("on_h100")
def test_operations_are_six_per_parameter_multiplied_and_attention() -> None:
    _, matmul = forecast.parameters_of(LLAMA_8B)
    assert told(Config()).flops_per_token == 6 * matmul + 12 * 32 * 4096 * 500
    assert told(Config()).seconds == pytest.approx(10**8 * told(Config()).flops_per_token / (0.4 * 989e12))


SCHEDULES = [
    ("cosine", [0.5, 1.0, 1.0, 0.1]),
    ("linear", [0.5, 1.0, 0.991, 0.1]),
    ("wsd", [0.5, 1.0, 1.0, 0.1]),
    ("constant", [0.5, 1.0, 1.0, 1.0]),
]


@pytest.mark.parametrize(("name", "shares"), SCHEDULES)
def test_a_schedule_rises_over_its_warm_up_and_ends_at_its_floor(name: str, shares: list[float]) -> None:
    optim = replace(Optim(), schedule=name, warmup=0.02, floor=0.1, decay=0.2)
    found = [rate(optim, step, 100) for step in (0, 1, 2, 99)]
    assert found == pytest.approx(shares, abs=0.002)
    assert all(0 < rate(optim, step, 100) <= 1 for step in range(100))


def test_wsd_holds_until_its_last_part() -> None:
    optim = replace(Optim(), schedule="wsd", warmup=0.0, floor=0.0, decay=0.2)
    assert [rate(optim, step, 10) for step in range(10)] == pytest.approx([1.0] * 8 + [0.5, 0.0])


def test_a_spike_needs_something_to_be_compared_with() -> None:
    assert expected([2.0] * 9) is None
    assert 2.0 < (expected([2.0] * 10) or 0) < 2.2


def test_names_of_sections_are_those_of_the_configuration() -> None:
    assert set(Config().as_dict()) == {"model", "lora", "data", "optim", "run", "canaries"}
    assert Model().vocabulary > 264 and Data().lost_limit == 0.01


@pytest.mark.usefixtures("on_h100")
def test_weights_in_parts_are_named_where_an_8b_model_does_not_fit() -> None:
    alone = told(Config())
    with pytest.raises(ConfigError, match="torchrun over 4 such GPUs"):
        forecast.check(Config(), alone, LLAMA_8B, "cuda", 2048)
    parted = forecast.forecast(
        Config(), LLAMA_8B, slots=10**8, batch_tokens=2048, device="cuda", length=500.0, shards=8
    )
    assert parted.fits
    assert parted.optimizer == alone.optimizer // 8 and parted.weights == alone.weights // 8
    assert parted.activations == alone.activations


def test_a_forecast_tells_a_time_in_its_unit_and_no_peak_of_a_cpu() -> None:
    small = forecast.forecast(Config(), LLAMA_8B, slots=1, batch_tokens=1, device="cpu", length=1.0)
    found = replace(small, seconds=9000.0, peak=989e12)
    assert show.how_long("cuda", found) == "Time, if 40% of 989 TFLOP/s is reached: 2.5 hours."
    said = show.how_long("cpu", replace(found, seconds=0.01, peak=3e9))
    assert said == "Time: roughly 1 s, by how fast this CPU multiplies matrices."
    assert [show.duration(one) for one in (34.4, 99.9, 600, 3 * 3600)] == [
        "34 s",
        "100 s",
        "10 minutes",
        "3.0 hours",
    ]
