"""Why a conversation is as it is: each change as a diff, each decision with its evidence."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import polars as pl

from curate.errors import InputError
from curate.passes.base import Decider, Pass, Redaction, Rewrite
from curate.recipe import Recipe
from curate.runs import Run


@dataclass(frozen=True)
class Change:
    """What one pass did to a text: the pieces kept (" "), taken out ("-") and put in ("+"), in order.

    Without pieces, `note` says why there are none.
    """

    by: str
    pieces: tuple[tuple[str, str], ...]
    note: str = ""


NOT_KEPT = "what was read held private values and is not kept: no difference can be shown"
REPLACED = "private values are replaced in what is kept of the text as read too: no difference can be shown"
AUTHOR = "in its author; the text is as it was"


@dataclass(frozen=True)
class Told:
    """One message and everything that happened to it."""

    turn: int
    role: str
    text: str
    verdict: str
    decided_by: str | None
    evidence: str | None
    flags: tuple[tuple[str, str], ...]  # pass, its evidence on this message
    changes: tuple[Change, ...]
    measures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Why:
    """One conversation, told."""

    conversation_id: str
    source: str
    record: int
    duplicate_of: str | None
    jaccard: float | None
    messages: tuple[Told, ...]


def why(run: Run, conversation_id: str) -> Why:
    """What was changed and decided in one conversation of a finished run.

    Raises InputError, with ids that begin alike, where it has no such conversation.
    """
    rows = run.messages.filter(pl.col("conversation_id") == conversation_id).collect()
    if not rows.height:
        raise InputError(unknown_id(run, conversation_id))
    recipe = run.recipe()
    told = tuple(told_of(rows[place], recipe) for place in range(rows.height))
    first = rows.row(0, named=True)
    return Why(
        conversation_id, first["source"], first["record"], first["duplicate_of"], first["jaccard"], told
    )


def unknown_id(run: Run, conversation_id: str) -> str:
    """The error for an id that the run does not have."""
    ids = run.messages.select(pl.col("conversation_id").unique().sort().head(100_000)).collect().to_series()
    near = difflib.get_close_matches(conversation_id, ids.to_list()[:5_000], n=3, cutoff=0.4)
    said = (
        f"did you mean {', '.join(near)}?"
        if near
        else f"an id of it is {ids[0]}"
        if len(ids)
        else "it is empty"
    )
    return f"no conversation '{conversation_id}' in {run.out}; {said}"


def told_of(row: pl.DataFrame, recipe: Recipe) -> Told:
    """One message's story from its row."""
    from curate import schema

    one = row.row(0, named=True)
    beside = ("duplicate_of", "jaccard")
    measures = [n for n in row.columns if n not in schema.MESSAGES and n not in beside and one[n] is not None]
    flagged = (one["flags"] or "").split()
    return Told(
        turn=one["turn"],
        role=one["role"],
        text=one["text"],
        verdict=one["verdict"],
        decided_by=one["decided_by"],
        evidence=one["evidence"],
        flags=tuple((name, flag_evidence(recipe, name, row)) for name in flagged),
        changes=tuple(
            changes_of(
                recipe, one["original"], one["text"], (one["changed_by"] or "").split(), one.get("pii") != 0
            )
        ),
        measures=tuple((name, shown(one[name])) for name in measures),
    )


def shown(value: object) -> str:
    """A measure as text."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def flag_evidence(recipe: Recipe, name: str, row: pl.DataFrame) -> str:
    """What a decider says of this message, from the measures that are stored."""
    found = [one for one in recipe.passes if one.name == name]
    if not found or not isinstance(found[0], Decider):
        return ""
    return str(row.select(found[0].evidence().cast(pl.String)).item() or "")


def changes_of(
    recipe: Recipe, original: str | None, text: str, names: list[str], private: bool = True
) -> list[Change]:
    """Each rewrite as a diff, by carrying the text as read through them again; redaction last, as it stands.

    The text as read holds stand-ins where it held private values, so a rewrite may show less than it did.
    `private` is False where none was found in text, parts and extra.
    """
    redacting = [one.name for one in recipe.passes if isinstance(one, Redaction)]
    found: list[Change] = []
    before = original
    for one in rewrites(recipe, names) if before is not None else ():
        after = one.rewrite(pl.Series([before]))[0]
        found.append(changed(one.name, before, after))
        before = after
    done = {one.by for one in found}
    for name in (one for one in names if one not in done):
        if name in redacting and not private:
            found.append(Change(name, (), AUTHOR))
        else:
            found.append(changed(name, before, text))
    return found


def changed(name: str, before: str | None, after: str) -> Change:
    """What a pass did to a text, or why no difference can be shown.

    >>> changed("redact_pii", "Hi <PERSON_1>", "Hi <PERSON_1>").note
    'private values are replaced in what is kept of the text as read too: no difference can be shown'
    """
    if before is None:
        return Change(name, (), NOT_KEPT)
    return Change(name, (), REPLACED) if before == after else Change(name, diff(before, after))


def rewrites(recipe: Recipe, names: list[str]) -> list[Rewrite]:
    """The rewrites of the recipe that changed a text, in order."""
    passes: list[Pass] = [one for one in recipe.passes if one.name in names]
    return [one for one in passes if isinstance(one, Rewrite)]


def diff(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """The word-wise difference: (" " | "-" | "+", text) in order; joined without "-" it is `after`.

    >>> diff("a <b>bold</b> word", "a bold word")
    ((' ', 'a '), ('-', '<b>bold</b>'), ('+', 'bold'), (' ', ' word'))
    """
    left, right = words(before), words(after)
    pieces: list[tuple[str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append((" ", "".join(left[a:b])))
            continue
        pieces += [(sign, "".join(part)) for sign, part in (("-", left[a:b]), ("+", right[c:d])) if part]
    return tuple(pieces)


def words(text: str) -> list[str]:
    """Words and the white space between them."""
    return re.findall(r"\S+|\s+", text)
