"""From a configuration to a plan: read, rendered, cut, counted and packed before any step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from train import accounting, canaries, cut, models, pack, records, render
from train import tokenizer as tokenizers
from train.config import Config
from train.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

RENDERED_AT_ONCE = 1024


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A run that could start: the tokenizer, the sequences, their accounting, the plan and its geometry."""

    config: Config
    tokenizer: Any
    architecture: Any
    sequences: Sequence[render.Rendered]
    accounting: accounting.Accounting
    data_hash: str
    plan: Sequence[tuple[pack.Row, ...]]
    row_length: int
    device: str
    backend: str
    mean_length: float

    @property
    def slots(self) -> int:
        """Tokens that the plan's rows hold, padding included."""
        return sum(len(step) for step in self.plan) * self.row_length

    @property
    def padding(self) -> float:
        """Share of the slots that hold no token."""
        used = sum(len(self.sequences[one]) for step in self.plan for row in step for one in row)
        return 1 - used / self.slots if self.slots else 0.0


def prepare(config: Config, conversations: Sequence[records.Conversation] | None = None) -> Prepared:
    """Everything up to the first step. DataError where there is nothing to learn, LimitBrokenError where more
    assistant tokens would be lost than `data.lost_limit` allows. A conversation that curation repeats counts
    that often in an epoch."""
    from train import attention

    models.check(config)
    if conversations is None:
        conversations = list(records.read(config.data.source))
    tokenizer = tokenizer_for(config, conversations)
    conversations = canaries.planted(conversations, config.canaries)  # a tokenizer never sees a secret
    architecture = models.shape(config.model, tokenizer)
    length = min(config.data.max_length, positions(architecture) or config.data.max_length)
    rendered = render_all(tokenizer, conversations, config.data.stand_ins)
    fitted = cut.fit_length(rendered, length, config.data.overlong)
    counted = accounting.account(conversations, rendered, fitted)
    if not fitted.pieces:
        raise DataError(
            f"nothing to learn in {config.data.source or 'the data'}: no assistant message that is kept; "
            "'curate why' tells what was decided"
        )
    counted.stand(config.data.lost_limit)
    sequences = as_often(fitted.pieces, conversations)
    device = device_of(config)
    backend = attention.choose(config.run.attention, architecture, device, dtype_of(config, device))
    sizes = [len(one) for one in sequences]
    row_length = length if backend == "varlen" else min(length, max(512, -(-max(sizes) // 64) * 64))
    return Prepared(
        config=config,
        tokenizer=tokenizer,
        architecture=architecture,
        sequences=sequences,
        accounting=counted,
        data_hash=records.content_hash(conversations),
        plan=plan(config, sequences, row_length),
        row_length=row_length,
        device=device,
        backend=backend,
        mean_length=sum(size * size for size in sizes) / sum(sizes),
    )


def as_often(
    pieces: Sequence[render.Rendered], conversations: Iterable[records.Conversation]
) -> list[render.Rendered]:
    """The sequences, each as often as its conversation counts in an epoch (`repeat` of the curated set)."""
    times = {one.id: one.repeat for one in conversations}
    return [piece for piece in pieces for _ in range(times[piece.conversation_id])]


def tokenizer_for(config: Config, conversations: Sequence[records.Conversation]) -> Any:
    """The tokenizer named, the model's own, or one trained on the conversations for a `config.json`."""
    model = config.model
    if model.tokenizer or not models.is_sizes(model.source):
        return tokenizers.load(model.tokenizer or model.source, model.template)
    texts = (message.content for one in conversations for message in one.messages)
    return tokenizers.train_bpe(texts, model.vocabulary)


def render_all(
    tokenizer: Any, conversations: Iterable[records.Conversation], stand_ins: str
) -> list[render.Rendered]:
    """All conversations as tokens, many at a time."""
    renderer = render.Renderer(tokenizer, stand_ins)
    waiting: Iterator[records.Conversation] = iter(conversations)
    rendered: list[render.Rendered] = []
    while some := list(islice(waiting, RENDERED_AT_ONCE)):
        rendered += renderer.render(some)
    return rendered


def plan(config: Config, sequences: Sequence[render.Rendered], row_length: int) -> list[tuple[pack.Row, ...]]:
    """The rows of every step of the run."""
    targets = [one.targets for one in sequences]
    optim = config.optim
    budget = optim.tokens or round(optim.epochs * sum(targets))
    if optim.steps:
        budget = optim.steps * max(optim.tokens_per_step, max(targets)) * 2
    made = pack.steps(
        [len(one) for one in sequences],
        targets,
        row_length=row_length,
        tokens_per_step=optim.tokens_per_step,
        budget=budget,
        seed=config.run.seed,
    )
    return list(islice(made, optim.steps or None))


def positions(architecture: Any) -> int:
    """Positions that the model knows, 0 where it does not say."""
    return int(getattr(architecture, "max_position_embeddings", 0) or 0)


def device_of(config: Config) -> str:
    """`cuda` where there is a GPU, else `cpu`; or what the configuration says."""
    if config.run.device != "auto":
        return config.run.device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_of(config: Config, device: str) -> Any:
    """What the arithmetic is done in."""
    import torch

    told = config.run.dtype
    if told == "auto":
        return torch.bfloat16 if device == "cuda" else torch.float32
    return torch.float32 if told == "float32" else torch.bfloat16
