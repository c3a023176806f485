"""Texts with what people say of them, to calibrate on: a file of the user's, or the sentences that ship."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from curate.errors import InputError
from curate.passes.groups import mentioned
from curate.passes.toxicity import Toxicity

LABELLED = pl.Schema({"text": pl.String, "toxic": pl.Boolean, "language": pl.String})
TRUE, FALSE = ("1", "true", "yes", "toxic", "hateful"), ("0", "false", "no", "harmless", "non-hateful")
READERS: dict[str, Callable[[str], pl.DataFrame]] = {
    ".csv": lambda path: pl.read_csv(path, infer_schema=False),
    ".jsonl": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}


def shipped() -> pl.DataFrame:
    """The functional cases of rules/identity_terms with every group, as LABELLED."""
    from curate.bias.cases import filled

    return filled().select("text", pl.col("harmful").alias("toxic"), "language").cast(LABELLED)


def read(path: str, text: str = "text", label: str = "toxic", language: str = "language") -> pl.DataFrame:
    """A labelled file as LABELLED: a column of texts, one of labels, and one of languages or a language.

    Labels are 1 or 0, true or false, hateful or non-hateful. `language` is a column, or a code such as `en`
    for the whole file. Raises InputError, without a text of it, where a file or a column is not as said.
    """
    reader = READERS.get(Path(path).suffix)
    if reader is None:
        raise InputError(f"'{path}' is none of {', '.join(READERS)}; --data wants a labelled file")
    try:
        table = reader(path)
    except (OSError, pl.exceptions.PolarsError):
        raise InputError(f"'{path}' cannot be read as {Path(path).suffix[1:]}; is it whole?") from None
    for name, option in ((text, "--text"), (label, "--label")):
        if name not in table.columns:
            raise InputError(
                f"'{path}' has no column '{name}'; name it with {option}: {', '.join(table.columns)}"
            )
    known = pl.col(language) if language in table.columns else pl.lit(language)
    if language not in table.columns and not (language.isalpha() and len(language) <= 3):
        raise InputError(f"'{path}' has no column '{language}'; say --language en, or name a column of codes")
    said = table[label].cast(pl.String).str.to_lowercase().str.strip_chars()
    strange = sorted(set(said.fill_null("nothing").unique()) - {*TRUE, *FALSE})
    if strange:
        raise InputError(
            f"column '{label}' of '{path}' has {len(strange)} label(s) that are none of "
            f"{', '.join((*TRUE, *FALSE))}"
        )
    told = table.select(pl.col(text).cast(pl.String).alias("text"), known.cast(pl.String).alias("language"))
    return told.with_columns(said.is_in(list(TRUE)).alias("toxic")).select(list(LABELLED)).drop_nulls()


def scored(table: pl.DataFrame, scorer: Toxicity) -> pl.DataFrame:
    """The table with `toxicity` and `groups`, as the passes of those names would have it."""
    found = scorer.scorer().score(table["text"])["toxicity"]
    return table.with_columns(pl.Series("toxicity", found), mentioned(table["text"], table["language"]))
