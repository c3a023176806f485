"""What a training run is asked to do: sections of options, read from TOML with strict keys, and one hash."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from train.errors import ConfigError, unknown


@dataclass(frozen=True, kw_only=True)
class Model:
    """Where the model comes from."""

    source: str = ""
    """A folder, a hub name, or a `config.json` (then the weights are drawn from `init_seed`)."""
    init_seed: int = 0
    """Draws other first weights for a `config.json`."""
    tokenizer: str = ""
    """A folder or hub name; empty: the model's own, or one trained on the data for a `config.json`."""
    vocabulary: int = 8192
    """Size of a tokenizer that is trained on the data."""
    template: str = ""
    """A file that holds a chat template (Jinja); empty: the tokenizer's own."""


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Low-rank adapters (Hu et al. 2021); rank 0 trains every weight."""

    rank: int = 0
    """Columns of an adapter; 0: none, every weight is trained."""
    alpha: float = 0.0
    """Adapters weigh alpha / rank; 0: twice the rank."""
    dropout: float = 0.0
    """Share of an adapter's inputs left out at each step."""
    targets: tuple[str, ...] = ("all-linear",)
    """Names of the layers that get an adapter; `all-linear`: every one but the output layer."""
    quantize: bool = False
    """The frozen weights in 4 bit (QLoRA, Dettmers et al. 2023); needs bitsandbytes and a GPU."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is trained on."""

    source: str = ""
    """A run's folder, a Parquet file or a JSONL file."""
    max_length: int = 2048
    """Tokens a sequence holds at most."""
    overlong: str = "split"
    """A longer conversation: `split` at turn borders, `drop`, or `error`."""
    stand_ins: str = "mask"
    """`<EMAIL_1>` in an assistant's text: `mask` (not learned) or `learn`."""
    lost_limit: float = 0.01
    """Share of assistant tokens that may be lost (cut or dropped) before the run is refused."""


@dataclass(frozen=True, kw_only=True)
class Optim:
    """The optimiser, its schedule, and when to stop. Batch and budget are in target tokens."""

    lr: float = 2e-5
    """Highest learning rate; a model from scratch takes a higher one, such as 1e-3."""
    betas: tuple[float, ...] = (0.9, 0.95)
    """How much of the gradient's mean and of its square AdamW keeps from step to step."""
    eps: float = 1e-8
    """AdamW's guard against division by zero."""
    weight_decay: float = 0.1
    """How far each step pulls weights to 0, times the rate (matrices only)."""
    clip: float = 1.0
    """Largest norm of the gradient; 0: no clipping."""
    schedule: str = "cosine"
    """`cosine`, `wsd` (warm up, hold, decay), `linear` or `constant`."""
    warmup: float = 0.03
    """Share of the steps over which the rate rises."""
    decay: float = 0.2
    """Share of the steps over which `wsd` falls."""
    floor: float = 0.1
    """The rate at the end, as a share of `lr`."""
    tokens_per_step: int = 16384
    """Target tokens that make one step."""
    epochs: float = 3.0
    """How often the data is seen."""
    steps: int = 0
    """0: as many as the epochs or the tokens give."""
    tokens: int = 0
    """Budget of target tokens; 0: as many as the epochs give."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """How the run is carried out."""

    seed: int = 0
    """Draws another order of the data and other dropout."""
    rows: int = 0
    """Packed rows in a micro-batch; 0: chosen from the memory there is."""
    dtype: str = "auto"
    """`float32`, `bfloat16` (computed in, over fp32 masters), `pure-bfloat16`, or `auto`."""
    attention: str = "auto"
    """`varlen`, `flex`, `sdpa`, `eager`, or `auto`: the fastest that is there."""
    compile: str = "auto"
    """`on`, `off`, or `auto` (on a GPU)."""
    checkpointing: str = "auto"
    """Recompute activations: `on`, `off`, or `auto` (if memory needs it)."""
    shard: str = "auto"
    """Weights in parts over the processes of torchrun (FSDP2): `on`, `off`, or `auto` (if needed)."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto`: a GPU where there is one."""
    threads: int = 0
    """Torch's CPU threads; 0: the cores there are."""
    kernel_chunk: int = 1024
    """Rows of logits held at once by the loss."""
    save_every: int = 0
    """Steps between checkpoints; 0: at the end only."""
    keep: int = 2
    """Checkpoints that stay."""
    tensorboard: bool = False
    """Write what `log.jsonl` holds for TensorBoard too."""


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """Invented secrets to plant among what is learned, to measure memorisation (`train eval --canaries`)."""

    count: int = 0
    """Secrets for each number of copies (and as many that are never planted, as controls); 0: none."""
    copies: tuple[int, ...] = (1, 4, 16)
    """How often a secret stands in the training set."""
    seed: int = 0
    """Draws other secrets."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A training run's options.

    >>> config = from_dict({"optim": {"lr": 1e-3}}, "fit.toml")
    >>> config.optim.lr, config.data.max_length
    (0.001, 2048)
    >>> config.hash() == Config(optim=Optim(lr=1e-3)).hash() != Config().hash()
    True
    """

    model: Model = field(default_factory=Model)
    lora: Lora = field(default_factory=Lora)
    data: Data = field(default_factory=Data)
    optim: Optim = field(default_factory=Optim)
    run: Run = field(default_factory=Run)
    canaries: Canaries = field(default_factory=Canaries)

    def __post_init__(self) -> None:
        check(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries, as JSON and TOML hold them."""
        return asdict(self)

    def hash(self) -> str:
        """16 hex digits that differ when any option that shapes the weights does."""
        told = self.as_dict()
        for name in UNHASHED:
            told["run"].pop(name)
        if not self.canaries.count:
            told.pop("canaries")
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


UNHASHED = ("keep", "save_every", "shard", "tensorboard", "threads")
"""Options of [run] that may change between a run and its resumption."""

CHOICES = {
    "data.overlong": ("split", "drop", "error"),
    "data.stand_ins": ("mask", "learn"),
    "optim.schedule": ("cosine", "wsd", "linear", "constant"),
    "run.dtype": ("auto", "float32", "bfloat16", "pure-bfloat16"),
    "run.attention": ("auto", "varlen", "flex", "sdpa", "eager"),
    "run.compile": ("auto", "on", "off"),
    "run.checkpointing": ("auto", "on", "off"),
    "run.shard": ("auto", "on", "off"),
}
PURE_BF16_RATE = 1e-4
"""Below this rate, most updates of bf16 weights are rounded away: a bf16 number has 8 bits of mantissa, so
an update under about 1/256 of the weight is lost."""


def check(config: Config, where: str = "the configuration") -> None:
    """Refuse values that cannot be: ConfigError names the key, the value and what is allowed."""
    told = config.as_dict()
    for key, allowed in CHOICES.items():
        section, name = key.split(".")
        if told[section][name] not in allowed:
            raise ConfigError(unknown(key, str(told[section][name]), allowed, where))
    positive = ("optim.lr", "optim.tokens_per_step", "data.max_length", "run.kernel_chunk", "run.keep")
    shares = ("optim.warmup", "optim.decay", "optim.floor", "data.lost_limit", "lora.dropout")
    for key in positive:
        section, name = key.split(".")
        if not told[section][name] > 0:
            raise ConfigError(f"{key} = {told[section][name]} in {where}; give a number above 0")
    for key in shares:
        section, name = key.split(".")
        if not 0 <= told[section][name] <= 1:
            raise ConfigError(f"{key} = {told[section][name]} in {where}; give a share from 0 to 1")
    if len(config.optim.betas) != 2 or not all(0 <= beta < 1 for beta in config.optim.betas):
        raise ConfigError(f"optim.betas = {list(config.optim.betas)} in {where}; give two shares under 1")
    if config.run.dtype == "pure-bfloat16" and config.optim.lr < PURE_BF16_RATE:
        raise ConfigError(
            f"run.dtype = 'pure-bfloat16' with optim.lr = {config.optim.lr:g} in {where}; bf16 weights round "
            f"such small updates away: take 'bfloat16' (fp32 masters), or a rate from {PURE_BF16_RATE:g}"
        )
    if config.run.shard == "on" and config.lora.rank:
        both = f"run.shard = 'on' with lora.rank = {config.lora.rank} in {where}"
        raise ConfigError(f"{both}; adapters need the whole model: leave run.shard out, or train in full")
    if config.canaries.count < 0 or any(number < 1 for number in config.canaries.copies):
        planted = (
            f"canaries.count = {config.canaries.count}, canaries.copies = {list(config.canaries.copies)}"
        )
        raise ConfigError(f"{planted} in {where}; give a count of 0 or more and copies of 1 or more")
    if config.lora.quantize and not config.lora.rank:
        raise ConfigError(f"lora.quantize in {where} needs adapters to train; give lora.rank, for example 16")


def load(path: str | Path) -> Config:
    """The configuration in a TOML file; ConfigError on unknown keys and wrong types."""
    path = Path(path)
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    return from_dict(told, str(path))


def from_dict(told: Mapping[str, Any], where: str) -> Config:
    """The configuration that nested dictionaries hold; missing keys have their default.

    >>> from_dict({"optim": {"lrr": 1}}, "fit.toml")
    Traceback (most recent call last):
    train.errors.ConfigError: unknown key 'optim.lrr' in fit.toml; did you mean 'optim.lr'?
    """
    sections: dict[str, type] = {part.name: part.default_factory for part in fields(Config)}  # type: ignore[misc]
    made = {}
    for name, values in told.items():
        if name not in sections:
            raise ConfigError(unknown("section", name, sections, where))
        if not isinstance(values, Mapping):
            raise ConfigError(f"'{name}' in {where} is a section; write [{name}] and its keys")
        made[name] = section_of(sections[name], name, values, where)
    return Config(**made)


def section_of(kind: type, section: str, values: Mapping[str, Any], where: str) -> Any:
    """One section's dataclass, each value of the declared type."""
    types = get_type_hints(kind)
    for name in values:
        if name not in types:
            raise ConfigError(
                unknown("key", f"{section}.{name}", [f"{section}.{key}" for key in types], where)
            )
    return kind(
        **{name: typed(value, types[name], f"{section}.{name}", where) for name, value in values.items()}
    )


def typed(value: Any, kind: Any, key: str, where: str) -> Any:
    """The value as the declared type, or ConfigError."""
    inner = get_args(kind)
    if inner and isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(typed(entry, inner[0], key, where) for entry in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if inner or type(value) is not kind:
        name = f"list of {inner[0].__name__}" if inner else kind.__name__
        raise ConfigError(f"{key} in {where} is {type(value).__name__}; give {name}")
    return value


def with_sets(config: Config, sets: Sequence[str]) -> Config:
    """The configuration with `section.key=value` changes, values written as in TOML (bare words are text).

    >>> with_sets(Config(), ["optim.lr=1e-3", "data.overlong=drop"]).data.overlong
    'drop'
    """
    told = config.as_dict()
    for given in sets:
        key, equals, text = given.partition("=")
        section, dot, name = key.strip().partition(".")
        if not (equals and dot):
            raise ConfigError(f"'{given}' is not SECTION.KEY=VALUE, for example optim.lr=1e-4")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()
        told.setdefault(section, {})[name] = value
    return from_dict(told, "--set")


def changed(config: Config, section: str, **values: Any) -> Config:
    """The configuration with other values in one section.

    >>> changed(Config(), "optim", lr=1e-3).optim.lr
    0.001
    """
    return replace(config, **{section: replace(getattr(config, section), **values)})


def to_toml(config: Config) -> str:
    """The options that differ from their defaults, as a TOML file that `load` reads to the same options.

    >>> print(to_toml(Config(optim=Optim(lr=1e-3), model=Model(source="a b/"))))
    [model]
    source = "a b/"
    <BLANKLINE>
    [optim]
    lr = 0.001
    <BLANKLINE>
    """
    plain, told = Config().as_dict(), []
    for section, values in config.as_dict().items():
        other = {key: value for key, value in values.items() if value != plain[section][key]}
        if other:
            # JSON writes texts, numbers, lists and booleans as TOML does
            lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in other.items()]
            told.append(f"[{section}]\n" + "\n".join(lines) + "\n")
    return "\n".join(told)
