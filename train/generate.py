"""What a model says next, piece by piece as it is made: the likeliest tokens, or drawn as it gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from train.errors import ConfigError, DataError
from train.records import Message
from train.render import Renderer


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How tokens are chosen.

    temperature: 0 takes the likeliest token, 1 draws as the model says. top_p: drawn only from the fewest
    tokens that hold this share (nucleus sampling, Holtzman et al. 2020). most: tokens of an answer at most;
    0, as many as the model has room for. seed: the same draws again. stop: texts that end an answer and are
    not part of it.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    most: int = 0
    seed: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 0 <= self.temperature <= 2:
            raise ConfigError(f"temperature is {self.temperature}; it must be from 0 (likeliest) to 2")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p is {self.top_p}; it must be above 0 and at most 1")
        if self.most < 0:
            raise ConfigError(
                f"{self.most} tokens of an answer; it must be 1 or more, or 0 for all there is room for"
            )
        if not all(self.stop):
            raise ConfigError("a stop text is empty; take it out")


class TooLongError(DataError):
    """A conversation that leaves the model no room to answer."""


class Speaker:
    """A model that answers conversations in its own template, one answer at a time."""

    def __init__(self, model: Any, renderer: Renderer) -> None:
        self.model = model.eval()
        self.renderer = renderer
        self.room = int(getattr(model.config, "max_position_embeddings", None) or 2**20)
        """Positions the model knows: prompt and answer together."""

    def answer(
        self,
        messages: Sequence[Message],
        sampling: Sampling = Sampling(),
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> Speech:
        """The assistant's next turn, to be iterated over. Raises TooLongError where it has no room."""
        prompt = self.renderer.prompt(messages, tools)
        left = self.room - len(prompt)
        if left < 1:
            raise TooLongError(
                f"the conversation is {len(prompt)} tokens long and the model takes {self.room}, its answer "
                "included; leave out earlier turns"
            )
        return Speech(self, prompt, sampling, min(sampling.most or left, left))

    def ids(self, prompt: Sequence[int], sampling: Sampling, most: int) -> Iterator[int]:
        """Ids of the answer, one after the other, the one that ends the turn included."""
        import torch

        fed, cache = list(prompt), None
        source = torch.Generator()  # on the CPU: the same draws on any device
        source.manual_seed(sampling.seed) if sampling.seed is not None else source.seed()
        for _ in range(most):
            scores, cache = self.step(fed, cache)
            chosen = choose(scores, sampling, source)
            yield chosen
            if chosen in self.renderer.ends:
                return
            fed = [chosen]

    def step(self, fed: Sequence[int], cache: Any) -> tuple[Any, Any]:
        """Scores [vocabulary] of the token after `fed`, fp32 on the CPU, and the cache that remembers it."""
        import torch

        device = next(self.model.parameters()).device
        with torch.inference_mode():
            told = self.model(
                input_ids=torch.tensor([list(fed)], device=device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        return told.logits[0, -1].float().cpu(), told.past_key_values


def choose(scores: Any, sampling: Sampling, source: Any) -> int:
    """The next id from scores [vocabulary]."""
    import torch

    if sampling.temperature == 0:
        return int(scores.argmax())
    shares = torch.softmax(scores / sampling.temperature, -1)
    if sampling.top_p < 1:
        ordered, places = shares.sort(descending=True)
        # A token stays while those before it do not yet hold the share: the likeliest always stays.
        ordered[ordered.cumsum(-1) - ordered >= sampling.top_p] = 0
        return int(places[torch.multinomial(ordered, 1, generator=source)])
    return int(torch.multinomial(shares, 1, generator=source))


class Speech:
    """An answer while it is made: iterate over its pieces of text, then `finish` and `tokens` are whole.

    finish: "stop" where the turn or a stop text ended it, "length" where there was no more room.
    """

    def __init__(self, speaker: Speaker, prompt: Sequence[int], sampling: Sampling, most: int) -> None:
        self.speaker, self.sampling, self.most = speaker, sampling, most
        self.prompt = list(prompt)
        self.tokens = 0
        self.finish = "length"

    def __iter__(self) -> Iterator[str]:
        """Pieces of text, none of which is empty or takes back what was said."""
        return until(self.sampling.stop, self.decoded(), self)

    def decoded(self) -> Iterator[str]:
        """Pieces of text as ids come: held back while their bytes are no whole characters yet."""
        ids: list[int] = []
        start = shown = 0  # ids before `start` no longer matter for how the next ones are written
        for one in self.speaker.ids(self.prompt, self.sampling, self.most):
            self.tokens += 1
            if one in self.speaker.renderer.ends:
                self.finish = "stop"
                break
            ids.append(one)
            before = self.text(ids[start:shown])
            whole = self.text(ids[start:])
            if len(whole) > len(before) and not whole.endswith("\ufffd"):
                yield whole[len(before) :]
                start, shown = shown, len(ids)
        before = self.text(ids[start:shown])
        rest = self.text(ids[start:])[len(before) :]
        if rest:
            yield rest

    def text(self, ids: Sequence[int]) -> str:
        """The text of some ids, control tokens left out."""
        return str(self.speaker.renderer.tokenizer.decode(list(ids), skip_special_tokens=True))

    def whole(self) -> str:
        """The answer, all of it."""
        return "".join(self)


def until(stops: Sequence[str], pieces: Iterable[str], speech: Speech) -> Iterator[str]:
    """The pieces up to the first stop text; what may be the beginning of one waits for the next piece."""
    held = ""
    for piece in pieces:
        held += piece
        found = [place for stop in stops if (place := held.find(stop)) >= 0]
        if found:
            speech.finish = "stop"
            held = held[: min(found)]
            break
        ready = len(held) - begun(held, stops)
        if ready:
            yield held[:ready]
            held = held[ready:]
    if held:
        yield held


def begun(text: str, wanted: Iterable[str]) -> int:
    """How many characters at the end of `text` may be the beginning of one of the wanted texts.

    >>> begun("hello <EM", ["<EMAIL_1>"]), begun("hello", ["<EMAIL_1>"])
    (3, 0)
    """
    sizes = [size for one in wanted for size in range(1, len(one)) if text.endswith(one[:size])]
    return max(sizes, default=0)
