"""The page of a bias audit, made from `bias.json`: `write(out)` gives it; what stands out, in sentences."""

from __future__ import annotations

from pathlib import Path

MOST_SAID = 5


def write(out: str | Path, lang: str = "en") -> Path:
    """Write `bias.html` (in English or French) into the folder of an audited run, and give its path.

    The page is whole or not there. Raises `reports.shapes.ReportError` where `out` holds no `bias.json` or
    `lang` is not known.
    """
    from reports.bias_facts import read
    from reports.bias_pages import render_bias
    from reports.put import put

    folder = Path(out)
    return put(folder / "bias.html", render_bias(read(folder), lang).encode("utf-8", "replace"))


def sentences(twin: bytes, lang: str = "en") -> list[str]:
    """How much stands out, and the largest of it with its numbers; none where nothing does."""
    from reports.bias_facts import parse
    from reports.bias_pages import load_bias
    from reports.bias_views import findings, headline

    facts, words = parse(twin), load_bias(lang)
    found = findings(facts, words)
    if not found:
        return []
    return [headline(facts, found, words)[0], *(f"{one.title}: {one.detail}" for one in found[:MOST_SAID])]
