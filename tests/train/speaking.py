"""A speaker whose words are given, and which notes the prompts it was shown: for tests of what is around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.train import small
from train.generate import Sampling, Speaker
from train.render import Renderer


class Scripted(Speaker):
    """Says what `says` gives for the prompt's text; `seen` are the prompts, as text."""

    def __init__(self, says: Callable[[str], str], positions: int = 512) -> None:
        super().__init__(small.model(positions=positions), Renderer(small.tokenizer()))
        self.says = says
        self.seen: list[str] = []

    def ids(self, prompt: Sequence[int], sampling: Sampling, most: int) -> Iterator[int]:
        """The ids of what it says, then the end of the turn."""
        tokenizer = self.renderer.tokenizer
        self.seen.append(str(tokenizer.decode(list(prompt))))
        told = tokenizer.encode(self.says(self.seen[-1]), add_special_tokens=False)
        return iter([*told, min(self.renderer.ends)][:most])
