"""The options of an `[[input]]`, checked before anything is read."""

from __future__ import annotations

import codecs

from curate.errors import RecipeError, unknown
from curate.readers.csv_file import DELIMITER_NAMES
from curate.readers.detect import ROWS
from curate.readers.roles import check_roles
from curate.readers.schemas import SCHEMAS
from curate.readers.text_encoding import KNOWN
from curate.readers.types import InputOptions

WHERE = "[[input]]"
FORMATS = ("auto", *SCHEMAS, ROWS)
MESSAGE_COLUMNS = ("conversation_id", "role", "author", "text", "sent_at", "turn")
PAIR_COLUMNS = ("user", "assistant", "system", "prompt", "response", "instruction", "input")
"""Our names that `columns` may map: in tables with a row per message, in those of questions and answers."""


def check_options(options: InputOptions) -> None:
    """Raises RecipeError naming the option, its value, what is allowed and the next step.

    >>> check_options(InputOptions(files=("a.csv",), delimiter="::"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    curate.errors.RecipeError: delimiter '::' in [[input]] is 2 characters long; it must be one, ...
    """
    if not options.files:
        raise RecipeError(f'an {WHERE} has no files; name some, as files = ["logs/*.csv"]')
    if options.format not in FORMATS:
        raise RecipeError(unknown("format", options.format, FORMATS, WHERE))
    check_roles(options.roles, f"the roles of {WHERE}")
    ours = (*MESSAGE_COLUMNS, *PAIR_COLUMNS)
    for name in options.columns:
        if name not in ours:
            raise RecipeError(unknown("column", name, ours, f"columns of {WHERE}", 'write ours = "theirs"'))
    _check_encoding(options.encoding)
    if options.delimiter not in ("auto", *DELIMITER_NAMES) and len(options.delimiter) != 1:
        raise RecipeError(
            f"delimiter '{options.delimiter}' in {WHERE} is {len(options.delimiter)} characters long; "
            f"it must be one, or auto, {', '.join(DELIMITER_NAMES)}"
        )


def _check_encoding(name: str) -> None:
    try:
        if name != "auto" and not codecs.lookup(name)._is_text_encoding:
            raise LookupError
    except LookupError:
        raise RecipeError(
            unknown("encoding", name, ("auto", *KNOWN), WHERE, "any text encoding Python knows will do")
        ) from None
