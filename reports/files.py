"""The small files of a finished run (`manifest.json`, `quarantine.jsonl`), and its Parquet parts in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from curate.schema import QUARANTINE
from reports.shapes import Count, ReportError, Unread, Unreadable

SHOWN_UNREAD = 40
INPUT = "input"
"""Kind of what decided without being a pass: the decision came with the input."""
SHOWN_REASONS = 30
Json = dict[str, Any]


class PassEntry(msgspec.Struct, frozen=True):
    """A pass of the recipe, as the manifest tells it."""

    name: str
    use: str = ""
    kind: str = ""
    options: Json = {}


class Recipe(msgspec.Struct, frozen=True):
    """The recipe, as the manifest tells it."""

    name: str = ""
    passes: tuple[PassEntry, ...] = ()


class Manifest(msgspec.Struct, frozen=True):
    """What a report uses of `manifest.json`; other keys are left alone."""

    tamis: str = ""
    started: str = ""
    recipe: Recipe = Recipe()
    inputs: tuple[Json, ...] = ()
    counts: Json = {}
    scorers: Json = {}
    versions: Json = {}
    not_covered: Any = ()
    alarms: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Part:
    """One shard: its messages and, row by row, its verdicts."""

    messages: Path
    verdicts: Path


def read_manifest(out: Path) -> Manifest:
    """The manifest of a finished run. Raises ReportError where there is none or it has another form."""
    path = out / "manifest.json"
    if not path.is_file():
        raise ReportError(
            f"no manifest.json in {out}: it holds no finished run; "
            f"'curate run INPUT --out {out}' finishes or starts one"
        )
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.MsgspecError:
        raise ReportError(
            f"{path} is not a manifest of Tamis; 'curate verify {out}' says what is wrong"
        ) from None


def find_parts(out: Path) -> list[Part]:
    """The parts of a run in order. Raises ReportError where messages and verdicts do not pair."""
    texts = {path.name: path for path in (out / "messages").glob("*.parquet")}
    verdicts = {path.name: path for path in (out / "verdicts").glob("*.parquet")}
    if texts.keys() != verdicts.keys():
        odd = ", ".join(sorted(texts.keys() ^ verdicts.keys())[:3])
        raise ReportError(
            f"messages/ and verdicts/ of {out} do not pair ({odd}); "
            f"'curate verify {out}' says what is missing"
        )
    return [Part(texts[name], verdicts[name]) for name in sorted(texts)]


def read_unreadable(
    out: Path, keep: tuple[str, ...] = ()
) -> tuple[Unreadable, dict[str, tuple[Unread, ...]]]:
    """What could not be read, and the first three records of each source in `keep` (for alarms)."""
    path = out / "quarantine.jsonl"
    if not path.is_file() or not path.stat().st_size:
        return Unreadable(total=0, reasons=(), sources=(), first=()), {}
    kinds = {name: kind for name, kind in QUARANTINE.items() if name != "bytes"}
    rows = pl.scan_ndjson(path, schema=kinds)
    first = rows.head(SHOWN_UNREAD).collect(engine="streaming")
    found = Unreadable(
        total=rows.select(pl.len()).collect(engine="streaming").item(),
        reasons=_largest(rows, "reason"),
        sources=_largest(rows, "source"),
        first=tuple(_unread(row) for row in first.iter_rows(named=True)),
    )
    near = {
        source: tuple(
            _unread(row)
            for row in rows.filter(pl.col("source") == source).head(3).collect().iter_rows(named=True)
        )
        for source in keep
    }
    return found, near


def sentences(given: object) -> tuple[dict[str, str], ...]:
    """Sentences by language, from strings (said in every language), {lang: text} rows or {lang: [texts]}.

    >>> sentences(["Names are not found."])
    ({'': 'Names are not found.'},)
    >>> sentences({"en": ["a", "b"], "fr": ["c", "d"]})
    ({'en': 'a', 'fr': 'c'}, {'en': 'b', 'fr': 'd'})
    """
    if isinstance(given, dict):
        lists = {lang: texts for lang, texts in given.items() if isinstance(texts, list)}
        longest = max((len(texts) for texts in lists.values()), default=0)
        return tuple(
            {lang: str(texts[i]) for lang, texts in lists.items() if i < len(texts)} for i in range(longest)
        )
    if not isinstance(given, (list, tuple)):
        return ()
    return tuple(
        {str(key): str(value) for key, value in entry.items()}
        if isinstance(entry, dict)
        else {"": str(entry)}
        for entry in given
    )


def _largest(rows: pl.LazyFrame, column: str) -> tuple[Count, ...]:
    counts = rows.group_by(pl.col(column).fill_null("")).len().collect(engine="streaming")
    ordered = counts.sort(["len", column], descending=[True, False]).head(SHOWN_REASONS)
    return tuple(Count(name=short(name), count=count) for name, count in ordered.iter_rows())


def _unread(row: Json) -> Unread:
    return Unread(
        source=short(row["source"] or ""),
        record=row["record"],
        start=row["start"],
        stop=row["stop"],
        reason=short(row["reason"] or ""),
    )


def short(name: str, limit: int = 160) -> str:
    """A name cut in its middle, so that its end (a file's own name) stays readable.

    >>> short("abcdefghij", 7)
    'abc…hij'
    """
    if len(name) <= limit:
        return name
    half = (limit - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
