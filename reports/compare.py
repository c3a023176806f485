"""The page of two runs side by side, from the twin that `curate compare` gathered."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports import assets, bias_pages, compare_views
from reports.compare_facts import Comparison, parse
from reports.words import Words

REASONS, SHIFTS = 3, 2
"""Lines of each kind that are said of a comparison at most."""


def write(twin: bytes, to: str | Path, lang: str = "en") -> list[Path]:
    """Write the page of a comparison (in English or French) and its twin beside it; gives both paths.

    Each is whole or not there. Raises ReportError where the twin is none or `lang` is not known.
    """
    from reports.put import put

    path = Path(to)
    page = render_compare(parse(twin), lang)
    return [put(path, page.encode("utf-8", "replace")), put(path.with_suffix(".json"), twin)]


def sentences(twin: bytes, lang: str = "en") -> list[str]:
    """What moved: the headline, the largest reasons, sure shifts of the audit; none where nothing did."""
    facts, words = parse(twin), load_compare(lang)
    if facts.a.content == facts.b.content:
        return []
    first, rest = compare_views.headline(facts, words)
    reasons = [f"{one.title}: {one.count}" for one in compare_views.moved(facts, words)]
    return [" ".join([first, *rest]), *reasons[:REASONS], *compare_views.shifted(facts, words)[:SHIFTS]]


def render_compare(facts: Comparison, lang: str = "en") -> str:
    """The whole page in English ("en") or French ("fr"), as self-contained as that of a run."""
    words = load_compare(lang)
    drawn = compare_views.charts(facts, words)
    data = json.dumps({"lang": lang, "charts": [], "intervals": [one.data() for one in drawn.values()]})
    view = {
        "facts": facts,
        "words": words,
        "headline": compare_views.headline(facts, words),
        "tiles": compare_views.tiles(facts, words),
        "charts": drawn,
        "tables": compare_views.tables(facts, words),
        "moved": compare_views.moved(facts, words),
        "started": [words.date(side.started) for side in (facts.a, facts.b)],
        "data": Markup(assets.script_safe(data)),
        **inlined(),
    }
    return assets.template("compare.html").render(view)


@cache
def load_compare(lang: str) -> Words:
    """The words of both other pages with those of this one beside them."""
    plain = bias_pages.load_bias(lang)
    return Words({**plain.table, **tomllib.loads(assets.read(f"compare_words_{lang}.toml"))})


@cache
def inlined() -> dict[str, Any]:
    """The scripts and styles of the bias page with the page's own style."""
    held = dict(bias_pages.inlined())
    style = str(held["style"]) + assets.read("templates/compare.css")
    policy = str(held["policy"]).replace("style-src ", f"style-src {assets.hash_of(style)} ")
    return {**held, "style": Markup(style), "policy": Markup(policy)}
