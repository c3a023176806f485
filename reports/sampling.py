"""Examples: a fair sample of rows per question, whatever the cut into parts; then the most different ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

import polars as pl

from reports.files import INPUT, Part, PassEntry, short
from reports.shapes import Example

POOL = 40
FLAGGED = " flagged"
"""Ends the question for what a pass only flagged: shown where it decided about nothing."""
STAND_IN = re.compile(r"<([A-Z][A-Z_]*)_\d+>")
SCORES = {"too_toxic": "toxicity", "too_garbled": "garbled", "too_repetitive": "repetition"}
"""Deciders by a limit, and the measure each one reads."""
LONGEST = 1_200
"""Characters shown of one text; a longer one is cut around its change, or at its end."""


@dataclass
class Pool:
    """Rows drawn so far for each question (a pass, an alarm), each with the part it stands in."""

    drawn: dict[str, pl.DataFrame] = field(default_factory=dict)

    def draw(self, question: str, part: int, rows: pl.DataFrame) -> None:
        """Keep the POOL rows with the lowest hash of what they are, readable lengths first."""
        if not rows.height:
            return
        length = (
            pl.col("characters") if rows["characters"].null_count() < rows.height else pl.col("words") * 6
        )
        keyed = rows.select(
            pl.lit(part, dtype=pl.UInt32).alias("part"),
            "row",
            "evidence",
            "duplicate_of",
            (length > LONGEST).fill_null(value=True).alias("long"),
            pl.struct("source", "record", "conversation_id", "turn").hash(7).alias("draw"),
        )
        before = [self.drawn[question]] if question in self.drawn else []
        self.drawn[question] = pl.concat([*before, keyed.bottom_k(POOL, by=["long", "draw"])]).bottom_k(
            POOL, by=["long", "draw"]
        )


def draw_passes(pool: Pool, part: int, frame: pl.DataFrame, passes: Sequence[PassEntry]) -> None:
    """Draw what each pass changed, or decided about: the row itself rather than those it reached."""
    known = {one.name for one in passes}
    others = frame["decided_by"].drop_nulls().unique().sort().to_list()
    told = [PassEntry(name=name, kind=INPUT) for name in others if name not in known]
    for one in (*passes, *told):
        name = one.name
        if one.kind == "measure":
            continue
        if one.kind in ("rewrite", "redaction"):
            pool.draw(name, part, frame.filter(_names("changed_by", name)))
            continue
        decided = frame.filter((pl.col("decided_by") == name) & (pl.col("verdict") != "keep"))
        noted = _scored(frame.filter(_names("flags", name)), one)
        pool.draw(
            f"{name}{FLAGGED}",
            part,
            _scored(noted, one).unique("conversation", keep="first", maintain_order=True),
        )
        own = pl.col("evidence").str.starts_with("turn ").fill_null(value=False)
        quiet = pl.col("role") == "system"
        first = decided.sort([own, quiet, "turn"], maintain_order=True).unique(
            "conversation", keep="first", maintain_order=True
        )
        pool.draw(name, part, first)


def _scored(noted: pl.DataFrame, one: PassEntry) -> pl.DataFrame:
    """Flagged rows with the measure and limit as evidence: the run writes evidence for decisions only."""
    own = pl.col("decided_by").eq_missing(one.name)
    noted = noted.with_columns(pl.when(own).then("evidence").alias("evidence"))
    measure, limit = SCORES.get(one.use), one.options.get("limit")
    if measure is None or not isinstance(limit, (int, float)) or not noted.height:
        return noted
    values = [None if value is None else f"{measure} {value:.2f} > {limit:.2f}" for value in noted[measure]]
    return noted.with_columns(pl.Series("evidence", values, dtype=pl.String))


def draw_alarm(
    pool: Pool, question: str, part: int, frame: pl.DataFrame, by: str, where: tuple[str, str]
) -> None:
    """Draw rows that the pass `by` decided about in the slice `where` (its kind and name)."""
    kind, name = where
    if kind not in frame.columns:
        return
    same = pl.col(kind).cast(pl.String).fill_null("") == name
    rows = frame.filter((pl.col("decided_by") == by) & (pl.col("verdict") != "keep") & same)
    pool.draw(question, part, rows.sort("turn", maintain_order=True).unique("conversation", keep="first"))


def _names(column: str, name: str) -> pl.Expr:
    """Rows whose space-separated `column` holds `name`."""
    padded = pl.concat_str(pl.lit(" "), pl.col(column), pl.lit(" "))
    return padded.str.contains(f" {name} ", literal=True).fill_null(value=False)


def fetch(pool: Pool, parts: Sequence[Part]) -> dict[str, list[Example]]:
    """The drawn rows with their texts, in order of draw; each part's texts are read once."""
    if not pool.drawn:
        return {}
    drawn = pl.concat([rows.with_columns(question=pl.lit(name)) for name, rows in pool.drawn.items()])
    found = []
    for number, part in enumerate(parts):
        places = drawn.filter(pl.col("part") == number)["row"].unique().sort()
        if not len(places):
            continue
        found.append(_texts(part, places).with_columns(part=pl.lit(number, dtype=pl.UInt32), row=places))
    whole = drawn.join(pl.concat(found), on=["part", "row"], how="left", maintain_order="left")
    ordered = whole.sort("question", "long", "draw", "source", "record", "turn")
    answers: dict[str, list[Example]] = {name: [] for name in pool.drawn}
    for row in ordered.iter_rows(named=True):
        answers[row["question"]].append(_example(row))
    return answers


def _texts(part: Part, places: pl.Series) -> pl.DataFrame:
    columns = ["conversation_id", "turn", "role", "source", "record", "text", "original"]
    texts = pl.scan_parquet(part.messages).select(columns).with_row_index("place")
    rows = texts.filter(pl.col("place").is_in(places.implode())).drop("place")
    verdict = pl.scan_parquet(part.verdicts).select("verdict").with_row_index("place")
    told = verdict.filter(pl.col("place").is_in(places.implode())).drop("place")
    return pl.concat([rows.collect(engine="streaming"), told.collect(engine="streaming")], how="horizontal")


def _example(row: dict[str, object]) -> Example:
    return Example(
        conversation_id=short(str(row["conversation_id"])),
        turn=int(str(row["turn"])),
        role=str(row["role"]),
        source=short(str(row["source"])),
        record=int(str(row["record"])),
        text=str(row["text"]),
        before=None if row["original"] is None else str(row["original"]),
        evidence=None if row["evidence"] is None else short(str(row["evidence"]), 240),
        verdict=str(row["verdict"]),
    )


def most_different(examples: Iterable[Example], number: int) -> tuple[Example, ...]:
    """Up to `number` examples, one of each kind of change or reason before a second of any."""
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(_likeness(example), []).append(example)
    rounds = max((len(group) for group in groups.values()), default=0)
    spread = (group[i] for i in range(rounds) for group in groups.values() if i < len(group))
    seen: set[tuple[str, str]] = set()
    chosen: list[Example] = []
    for example in spread:
        said = (example.text, example.before or "")
        if said not in seen and len(chosen) < number:
            seen.add(said)
            chosen.append(example)
    return tuple(chosen)


def _likeness(example: Example) -> str:
    """What two examples of the same kind have in common: the reason, or the first thing taken away."""
    if example.before is None:
        stand_ins = " ".join(sorted(set(STAND_IN.findall(example.text))))
        return re.sub(r"\d+", "#", example.evidence or stand_ins)
    kept = set(example.text.split())
    gone = [word for word in example.before.split() if word not in kept]
    return re.sub(r"[\w]+", "a", gone[0])[:20] if gone else ""


def clipped(example: Example) -> Example:
    """The example with texts of at most LONGEST characters, cut around the first change."""
    if example.before is None:
        return replace(example, text=_cut(example.text, 0, LONGEST))
    before, text = clipped_pair(example.before, example.text, LONGEST)
    return replace(example, before=before, text=text)


def clipped_pair(before: str, after: str, limit: int) -> tuple[str, str]:
    """Both texts cut to `limit` characters, from a little before where they first differ.

    >>> clipped_pair("a" * 50 + "x" + "b" * 50, "a" * 50 + "y" + "b" * 50, 20)
    ('…aaaaaxbbbbbbbbbbbbbb…', '…aaaaaybbbbbbbbbbbbbb…')
    """
    if max(len(before), len(after)) <= limit:
        return before, after
    start = max(0, _same_start(before, after) - limit // 4)
    return _cut(before, start, limit), _cut(after, start, limit)


def _same_start(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _cut(text: str, start: int, limit: int) -> str:
    stop = start + limit
    return f"{'…' if start else ''}{text[start:stop]}{'…' if stop < len(text) else ''}"
