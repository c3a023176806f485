"""What is told of a finished run beside it: diversity, bias, pages. The stages of a run know none of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curate.runs import Run


def publish(run: Run, lang: str = "en", *, bias: bool = True) -> list[Path]:
    """Write what a finished run does not have yet of diversity and bias facts, then its pages in a language.

    Gives the paths of the pages: report.html, report.json and, with `bias`, bias.html; none for a run in a
    bucket, which has the facts only. Raises TamisError for a language that the pages do not have.
    """
    import reports
    from curate.bias import audit, facts
    from curate.diversity.examine import measure, stands
    from reports import bias as bias_page

    check_language(lang)
    storage = run.storage
    if not stands(run):
        measure(run)
    if bias and not storage.exists(facts.NAME):
        audit(run)
    if not storage.local:
        return []
    return [*reports.write(run.out, lang=lang), *([bias_page.write(run.out, lang=lang)] if bias else [])]


def check_language(lang: str) -> None:
    """Raises TamisError, before anything is read, for a language that the pages do not have."""
    from curate.errors import TamisError, unknown
    from reports.words import LANGUAGES

    if lang not in LANGUAGES:
        raise TamisError(unknown("language", lang, LANGUAGES, "--lang"))
