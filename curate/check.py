"""Is a recipe sound? Found over an empty table, and each rule on conversations jointly and apart."""

from __future__ import annotations

import polars as pl

from curate import engine, schema
from curate.errors import RecipeError, unknown
from curate.passes.base import Decider, GlobalPass, Measure
from curate.recipe import Recipe


def check(recipe: Recipe) -> list[str]:
    """Remarks on a recipe that will run; raises RecipeError, with the next step, for one that cannot.

    What a pass needs is found, not declared: the recipe is carried over an empty table.

    >>> from curate.recipe import parse
    >>> check(parse({"name": "r", "pass": [{"use": "too_toxic"}]}, "r.toml"))
    Traceback (most recent call last):
    curate.errors.RecipeError: 'too_toxic' reads the column 'toxicity', which nothing before it gives; put the \
measure that gives it above 'too_toxic'
    """
    frame = pl.DataFrame(schema=schema.MESSAGES)
    rules: list[Decider] = []
    for one in recipe.single:
        known = {*frame.columns, schema.CONVERSATION}
        missing = sorted(engine.columns_read(one) - known)
        if missing:
            raise RecipeError(column_error(one.name, missing[0], known))
        frame = engine.apply([one], frame)
        if isinstance(one, Decider):
            rules.append(one)
    for rule in rules:
        per_conversation(rule, frame.schema)
    return remarks(recipe)


def column_error(name: str, column: str, known: set[str]) -> str:
    """The sentence for a column that nothing gives."""
    near = unknown("column", column, known, f"pass '{name}'")
    if "did you mean" in near:
        return near
    return (
        f"'{name}' reads the column '{column}', which nothing before it gives; "
        f"put the measure that gives it above '{name}'"
    )


def per_conversation(rule: Decider, columns: pl.Schema) -> None:
    """Raises RecipeError for a rule whose answer on a conversation depends on what else is in the batch.

    Two invented conversations are judged jointly and apart, for several fillings of the measures.
    """
    for low, high in ((0.0, 1.0), (1.0, 0.0), (0.2, 0.9)):
        both = pl.concat([invented("a", low, columns), invented("b", high, columns)])
        jointly = answers(rule, both)
        apart = pl.concat(
            [answers(rule, one) for one in both.partition_by("conversation_id", maintain_order=True)]
        )
        if not jointly.equals(apart):
            raise RecipeError(
                f"'{rule.name}' judges a conversation by what else is in the batch; a rule may look at one "
                "conversation at a time: leave out averages, counts and ranks over all rows"
            )


def answers(rule: Decider, frame: pl.DataFrame) -> pl.Series:
    """Where a rule's condition holds."""
    return schema.number_conversations(frame).select(rule.decide_when().fill_null(value=False)).to_series()


def invented(name: str, value: float, columns: pl.Schema) -> pl.DataFrame:
    """A conversation of four messages whose measures grow from `value`."""
    table = schema.messages(
        {
            "conversation_id": [name] * 4,
            "role": ["user", "assistant"] * 2,
            "text": [f"{name} {'word ' * (1 + int(value * 9) + turn)}" for turn in range(4)],
        }
    )
    fillings = [
        filling(kind, value).alias(column)
        for column, kind in columns.items()
        if column not in schema.MESSAGES
    ]
    return table.with_columns(fillings).select(list(columns))


def filling(kind: pl.DataType, value: float) -> pl.Expr:
    """Values of a measure's type for four messages."""
    grown = pl.lit(value) + pl.int_range(pl.len()) * 0.01
    if kind.is_float():
        return grown.cast(kind)
    if kind.is_integer():
        return (grown * 100).cast(kind)
    return pl.lit("en" if value < 0.5 else "fr").cast(kind) if kind == pl.String else pl.lit(None, kind)


def remarks(recipe: Recipe) -> list[str]:
    """What a reader of the recipe should know, though it runs."""
    said = []
    names = [one.name for one in recipe.passes]
    if not any(isinstance(one, GlobalPass) for one in recipe.passes):
        said.append("no pass removes duplicates; exact_duplicates and near_duplicates do")
    if "redact_pii" not in names:
        said.append("private data is not redacted: it will stand in every output; redact_pii replaces it")
    for one in recipe.passes:
        if isinstance(one, Measure) and one.dear:
            said.append(
                f"'{one.name}' is dear: it runs a transformer on every message that is not yet dropped"
            )
    return said
