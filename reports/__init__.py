"""Pages about a finished run, made from the files it wrote: `write(out)` gives them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write"]


def write(out: str | Path, lang: str = "en") -> list[Path]:
    """Write `report.html` (in English or French) and its JSON twin `report.json` into the folder of a run.

    Gives back the two paths. Each is whole or not there: written beside, then renamed. Raises
    `reports.shapes.ReportError` where `out` holds no finished run or `lang` is not known.
    """
    from reports.diversity import read
    from reports.facts import gather
    from reports.pages import render_report
    from reports.put import put
    from reports.shapes import to_json

    folder = Path(out)
    facts = gather(folder)
    page = render_report(facts, lang, read(folder))
    return [
        put(folder / "report.html", page.encode("utf-8", "replace")),
        put(folder / "report.json", to_json(facts)),
    ]
