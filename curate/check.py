"""Is a recipe sound? Found over an empty table, and each rule on conversations jointly and apart."""

from __future__ import annotations

import polars as pl

from curate import engine, schema
from curate.conditions import check_rule
from curate.errors import RecipeError, unknown
from curate.passes.balance import Balance
from curate.passes.base import GlobalPass, Measure
from curate.passes.decide_when import DecideWhen
from curate.recipe import Recipe, pass_class, registered


def check(recipe: Recipe) -> list[str]:
    """Remarks on a recipe that will run; raises RecipeError, with the next step, for one that cannot.

    What a pass needs is found, not declared: the recipe is carried over an empty table.

    >>> from curate.recipe import parse
    >>> check(parse({"name": "r", "pass": [{"use": "too_toxic"}]}, "r.toml"))
    Traceback (most recent call last):
    curate.errors.RecipeError: 'too_toxic' reads the column 'toxicity', which nothing before it gives; put ...
    """
    frame = pl.DataFrame(schema=schema.MESSAGES)
    rules: list[DecideWhen] = []
    for one in recipe.single:
        known = {*frame.columns, schema.CONVERSATION}
        missing = sorted(engine.columns_read(one) - known)
        if missing:
            raise RecipeError(column_error(one.name, missing[0], known))
        frame = engine.apply([one], frame)
        if isinstance(one, DecideWhen):
            rules.append(one)
    known = {*frame.columns, schema.CONVERSATION}
    for last in recipe.globals:
        missing = sorted(engine.columns_read(last) - known)
        if missing:
            raise RecipeError(column_error(last.name, missing[0], known))
        if isinstance(last, Balance) and last is not recipe.passes[-1]:
            raise RecipeError(
                f"'balance' stands before '{recipe.passes[-1].name}'; it looks at what all others kept: "
                "move it last"
            )
    for rule in rules:
        check_rule(rule, frame.schema)
    return remarks(recipe)


def column_error(name: str, column: str, known: set[str]) -> str:
    """The sentence for a column that nothing gives."""
    near = unknown("column", column, known, f"pass '{name}'")
    if "did you mean" in near:
        return near
    measure = measure_of(column)
    put = f"put the measure '{measure}', which gives it," if measure else "put the measure that gives it"
    return f"'{name}' reads the column '{column}', which nothing before it gives; {put} above '{name}'"


def measure_of(column: str) -> str:
    """The registered measure whose defaults give a column; "" where none does.

    >>> measure_of("words"), measure_of("wordz")
    ('quality', '')
    """
    nothing = pl.DataFrame(schema=schema.MESSAGES)
    for name in () if column in nothing.columns else registered():
        cls = pass_class(name, "the registry")
        if issubclass(cls, Measure) and column in engine.apply([cls()], nothing).columns:
            return name
    return ""


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
