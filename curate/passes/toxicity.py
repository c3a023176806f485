"""`toxicity`: how likely each message is to be toxic, by the scorer that ships or by one of detoxify's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.errors import RecipeError
from curate.passes.base import Measure
from curate.toxicity.scorers import PRECISIONS, Scorer, check_model, load


@dataclass(frozen=True, kw_only=True)
class Toxicity(Measure):
    """Score how likely each message is to be toxic, from 0 to 1, in the column `toxicity`.

    Messages of every role are scored; the empty text has 0.0. `model` is "embedded" (ships with Tamis, cheap,
    finds insults; rules/toxicity/CARD.md has its errors) or "detoxify:" and original, unbiased, multilingual,
    original-small or unbiased-small. Those run a transformer, which is dear, and add a column for each of its
    other classes (`toxicity_insult`, …). They need `pip install 'tamis[toxicity]'` and weights: downloaded,
    or in `folder` (the checkpoint, config.json and the tokenizer's files). `precision` of a transformer:
    fp32, bf16, int8, or auto (bf16 where the machine computes in it). Only in fp32 do scores stay within
    0.001 whatever the batch, so that is the default.

    Raises RecipeError for an unknown model or precision, and for a folder without use.

    >>> from curate.schema import messages
    >>> said = ["You idiot!", "Hello"]
    >>> chat = messages({"conversation_id": ["a", "a"], "role": ["user", "assistant"], "text": said})
    >>> [score > 0.8 for score in Toxicity()(chat)["toxicity"]]
    [True, False]
    """

    name: ClassVar[str] = "toxicity"
    model: str = "embedded"
    folder: str = ""
    precision: str = "fp32"

    def __post_init__(self) -> None:
        check_model(self.model)
        if self.precision not in PRECISIONS:
            allowed = ", ".join(PRECISIONS)
            raise RecipeError(f"toxicity.precision is '{self.precision}', must be one of {allowed}")
        if self.model == "embedded" and self.folder:
            raise RecipeError(
                "toxicity.folder is for detoxify's models; leave it out with model = 'embedded', "
                "or name one such as 'detoxify:multilingual'"
            )

    @property
    def dear(self) -> bool:  # type: ignore[override]  # in the base a constant of the class, here of the model
        """Whether rows that are already dropped are left unscored: with a transformer."""
        return self.model != "embedded"

    def measure(self, batch: pl.DataFrame) -> pl.DataFrame:
        """`toxicity`, and a transformer's other classes; equal texts are scored once."""
        distinct = batch.select("text").unique(maintain_order=True)
        found = self.scorer().score(distinct["text"])
        scored = distinct.with_columns(pl.Series(name, values) for name, values in found.items())
        return batch.select("text").join(scored, on="text", how="left", maintain_order="left").drop("text")

    def scorer(self) -> Scorer:
        """The scorer, loaded on first use and kept for the process."""
        return load(self.model, self.folder, self.precision)

    def describe(self) -> dict[str, str]:
        """Name, version and sha256 of the scorer, for the manifest."""
        return self.scorer().describe()
