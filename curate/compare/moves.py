"""What became of each conversation in both runs, and examples of those that one of them removed."""

from __future__ import annotations

import polars as pl

from curate import schema
from curate.compare.facts import Fates, Moved, Reason
from curate.compare.rows import KEY, Rows
from curate.runs import Run

EXAMPLES = 4
"""Conversations shown for each reason."""
MOST_REASONS = 8
LONGEST = 480
"""Characters shown of a message."""
LONGEST_NAME = 160
"""Characters shown of an id or a file."""
SPOKEN = 3
"""Messages shown of a conversation."""


def aligned(a: Rows, b: Rows) -> pl.DataFrame | None:
    """The conversations of both runs side by side (b's columns end in `_b`); None for different inputs."""
    if a.conversations.height != b.conversations.height:
        return None
    both = a.conversations.join(
        b.conversations, on=list(KEY), how="inner", suffix="_b", maintain_order="left"
    )
    same = both.height == a.conversations.height and both["messages"].equals(both["messages_b"])
    return both if same else None


def fates(both: pl.DataFrame, a: Run, b: Run) -> Fates:
    """The counts of `aligned`, the reasons for what moved, and some of it with texts as they stand now."""
    kept_a, kept_b = pl.col("stay") > 0, pl.col("stay_b") > 0
    other = (pl.col("stay") != pl.col("stay_b")) | (pl.col("masked") != pl.col("masked_b"))
    counts = both.select(
        both=(kept_a & kept_b).sum(),
        otherwise=(kept_a & kept_b & other).sum(),
        only_a=(kept_a & ~kept_b).sum(),
        only_b=(kept_b & ~kept_a).sum(),
        neither=(~kept_a & ~kept_b).sum(),
    ).row(0, named=True)
    reasons: list[Reason] = []
    examples: list[Moved] = []
    for kept_in, rows, taker, evidence in (
        ("a", both.filter(kept_a & ~kept_b), "taker_b", "evidence_b"),
        ("b", both.filter(kept_b & ~kept_a), "taker", "evidence"),
    ):
        named = rows.with_columns(pl.col(taker).fill_null("").alias("why"), pl.col(evidence).alias("told"))
        sizes = named.group_by("why").len().sort(["len", "why"], descending=[True, False])
        reasons += [Reason(kept_in=kept_in, removed_by=w, conversations=n) for w, n in sizes.iter_rows()]
        drawn = drawn_of(named.filter(pl.col("why").is_in(sizes["why"].head(MOST_REASONS).implode())))
        examples += told(drawn, safest(a, b), kept_in)
    return Fates(
        **{name: int(count) for name, count in counts.items()},
        reasons=tuple(reasons),
        examples=tuple(examples),
    )


def drawn_of(rows: pl.DataFrame) -> pl.DataFrame:
    """A few rows of each reason, by a hash of where they were read: the same on any cut."""
    drawn = rows.with_columns(draw=pl.struct("source", "record", "place").hash(7))
    return drawn.filter(pl.col("draw").rank("ordinal").over("why") <= EXAMPLES).sort("why", "draw")


def safest(a: Run, b: Run) -> tuple[Run, str]:
    """The run whose texts are shown, and what its columns end in: one that redacts, else the second."""

    def redacts(run: Run) -> bool:
        return any(one["kind"] == "redaction" for one in run.manifest["recipe"]["passes"])

    return (a, "") if redacts(a) and not redacts(b) else (b, "_b")


def told(drawn: pl.DataFrame, shown: tuple[Run, str], kept_in: str) -> list[Moved]:
    """The drawn conversations with the opening of their texts; each part is read once."""
    run, end = shown
    names = run.storage.names("messages")
    texts: dict[tuple[int, int], tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for (number,), rows in drawn.group_by(f"part{end}"):
        place = int(str(number))
        part = pl.scan_parquet(run.storage.path(names[place]))
        narrow = part.select("conversation_id", "turn", "role", "text").collect()
        wanted = rows[f"{schema.CONVERSATION}{end}"]
        some = schema.number_conversations(narrow).filter(pl.col(schema.CONVERSATION).is_in(wanted.implode()))
        for key, own in some.group_by(schema.CONVERSATION, maintain_order=True):
            spoken = own.filter(pl.col("role") != "system").head(SPOKEN)
            said = tuple(cut(text) for text in spoken["text"])
            texts[place, int(str(key[0]))] = (tuple(spoken["role"].cast(pl.String)), said)
    found = []
    for row in drawn.iter_rows(named=True):
        roles, said = texts[row[f"part{end}"], row[f"{schema.CONVERSATION}{end}"]]
        found.append(
            Moved(
                kept_in=kept_in,
                removed_by=row["why"],
                conversation_id=cut(row[f"conversation_id{end}"], LONGEST_NAME),
                source=cut(row["source"], LONGEST_NAME),
                record=row["record"],
                evidence=None if row["told"] is None else cut(row["told"], 2 * LONGEST_NAME),
                roles=roles,
                texts=said,
            )
        )
    return found


def cut(text: str, most: int = LONGEST) -> str:
    """The text, cut short where it is long."""
    return text if len(text) <= most else f"{text[:most]}…"
