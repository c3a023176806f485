"""The page of a bias audit, made from `bias.json`: `write(out)` gives it."""

from __future__ import annotations

from pathlib import Path


def write(out: str | Path, lang: str = "en") -> Path:
    """Write `bias.html` (in English or French) into the folder of an audited run, and give its path.

    The page is whole or not there. Raises `reports.shapes.ReportError` where `out` holds no `bias.json` or
    `lang` is not known.
    """
    from reports import _put
    from reports.bias_facts import read
    from reports.bias_pages import render_bias

    folder = Path(out)
    return _put(folder / "bias.html", render_bias(read(folder), lang).encode("utf-8", "replace"))
