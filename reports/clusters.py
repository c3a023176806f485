"""Duplicate clusters: how many, how large, and the largest with their texts."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from reports.files import Part, short
from reports.sampling import clipped_pair
from reports.shapes import Cluster, Count, Duplicates

SHOWN = 10
SIZES = ((1, "1"), (2, "2"), (3, "3-4"), (5, "5-9"), (10, "10-99"), (100, "100+"))


def gather_duplicates(removed: pl.DataFrame, parts: Sequence[Part]) -> Duplicates:
    """From a row per representative (`duplicate_of`, `removed` copies): counts, and the largest clusters."""
    if not removed.height:
        return Duplicates(clusters=0, removed=0, largest=(), sizes=())
    ordered = removed.sort(["removed", "duplicate_of"], descending=[True, False]).head(SHOWN)
    starts = pl.Series([start for start, _ in SIZES])
    place = pl.lit(starts).search_sorted(pl.col("removed"), side="right").cast(pl.Int64) - 1
    sizes = dict(removed.group_by(place.alias("place")).len().iter_rows())
    texts = _read_largest(ordered["duplicate_of"], parts)
    return Duplicates(
        clusters=removed.height,
        removed=int(removed["removed"].sum()),
        largest=tuple(_cluster(name, count, texts.get(name, {})) for name, count in ordered.iter_rows()),
        sizes=tuple(Count(name=name, count=sizes.get(i, 0)) for i, (_, name) in enumerate(SIZES)),
    )


def _read_largest(names: pl.Series, parts: Sequence[Part]) -> dict[str, dict[str, object]]:
    """For each representative: its opening words, one copy's, and the lowest Jaccard of its copies."""
    found: dict[str, dict[str, object]] = {name: {} for name in names}
    for part in parts:
        verdicts = pl.scan_parquet(part.verdicts)
        if "duplicate_of" not in verdicts.collect_schema():
            continue
        told = verdicts.select(
            "conversation_id",
            pl.col("duplicate_of").cast(pl.String),
            pl.col("jaccard").cast(pl.Float64),
        ).with_row_index("place")
        own = pl.col("conversation_id").is_in(names.implode())
        copies = pl.col("duplicate_of").is_in(names.implode())
        rows = told.filter(own | copies).collect(engine="streaming")
        if not rows.height:
            continue
        keyed = rows.with_columns(pl.col("conversation_id").rle_id().alias("conversation"))
        lowest = keyed.group_by("duplicate_of").agg(pl.col("jaccard").min())
        for name, jaccard in lowest.iter_rows():
            if name in found and jaccard is not None:
                before = found[name].get("jaccard")
                found[name]["jaccard"] = min(jaccard, before) if isinstance(before, float) else jaccard
        _add_texts(found, keyed, part)
    return found


def _add_texts(found: dict[str, dict[str, object]], rows: pl.DataFrame, part: Part) -> None:
    """The opening of each representative, and of the first copy met."""
    lacking = [name for name, known in found.items() if "text" not in known]
    uncopied = [name for name, known in found.items() if "copy" not in known]
    roots = rows.filter(
        pl.col("conversation_id").is_in(pl.Series(lacking, dtype=pl.String).implode())
        & pl.col("duplicate_of").is_null()
    )
    copies = rows.filter(pl.col("duplicate_of").is_in(pl.Series(uncopied, dtype=pl.String).implode()))
    first = copies.filter(pl.col("conversation") == pl.col("conversation").min().over("duplicate_of"))
    wanted = pl.concat([roots, first])
    if not wanted.height:
        return
    places = wanted["place"].unique().sort()
    texts = pl.scan_parquet(part.messages).select("role", "text", "conversation_id").with_row_index("place")
    read = texts.filter(pl.col("place").is_in(places.implode())).collect(engine="streaming")
    spoken = wanted.select("place", "duplicate_of").join(read, on="place").sort("place")
    openings = (
        spoken.filter(pl.col("role").cast(pl.String) != "system")
        .group_by("conversation_id", "duplicate_of", maintain_order=True)
        .agg(pl.col("text").head(2).str.join("\n"))
    )
    for name, of, text in openings.iter_rows():
        if of is None:
            found[name].setdefault("text", text)
        elif "copy" not in found[of]:
            found[of]["copy"], found[of]["copy_id"] = text, name


def _cluster(name: str, removed: int, known: dict[str, object]) -> Cluster:
    jaccard = known.get("jaccard")
    text, copy = clipped_pair(str(known.get("text", "")), str(known.get("copy", "")), 600)
    return Cluster(
        representative=short(name),
        removed=removed,
        lowest_jaccard=jaccard if isinstance(jaccard, float) else None,
        text=text,
        copy_id=short(str(known.get("copy_id", ""))),
        copy=copy,
    )
