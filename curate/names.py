"""Names of files that hold a private value: known by a hash, so that the name itself is written nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import polars as pl

Names = Mapping[str, str]
"""Hash of a source as planned: the name to write for it."""


def name_hash(source: str) -> str:
    """What a source is known by where its name may not be written."""
    return hashlib.blake2b(source.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def found(planned: pl.Series, written: pl.Series) -> dict[str, str]:
    """The sources that redaction changed: hash of the name as planned, name as first written.

    >>> found(pl.Series(["a.txt", "Ann.txt"]), pl.Series(["a.txt", "<PERSON_1>.txt"])).values()
    dict_values(['<PERSON_1>.txt'])
    """
    pairs = pl.DataFrame({"planned": planned, "written": written}).filter(
        pl.col("planned") != pl.col("written")
    )
    first = pairs.unique("planned", keep="first", maintain_order=True)
    return {name_hash(before): after for before, after in first.iter_rows()}


def renamed(sources: pl.Series, names: Names) -> pl.Series:
    """The sources as they may be written; the very series where nothing is to rename."""
    known = {one: names[name_hash(one)] for one in sources.unique().to_list() if name_hash(one) in names}
    return sources.replace(known) if known else sources
