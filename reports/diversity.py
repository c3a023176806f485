"""The diversity of a run in words, made from `diversity.json`: a section of report.html, and sentences."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from typing import Any

from markupsafe import Markup

from reports import assets, diversity_views
from reports.diversity_facts import Facts, parse, read
from reports.words import Words, load

__all__ = ["read", "section", "sentences"]


def section(facts: Facts | None, lang: str) -> dict[str, Any]:
    """What `diversity.html` needs: `diverse` (None where nothing is known), its words, data and script."""
    words = load_words(lang)
    shown = diversity_views.section(facts, words) if facts else None
    drawn = {"lang": lang, "map": shown.map.data() if shown and shown.map else None}
    return {
        "diverse": shown,
        "told": words,
        "diverse_data": Markup(assets.script_safe(json.dumps(drawn))),
        "diverse_script": Markup(script()),
    }


def sentences(twin: bytes, lang: str = "en") -> list[str]:
    """The lead, how far the reference lies, what to collect next: the JSON twin as plain sentences."""
    facts, words = parse(twin), load_words(lang)
    shown = diversity_views.section(facts, words)
    advice = [one.replace("`", "") for one in shown.advice] or [words("diversity.next.nothing")]
    far = diversity_views.apart(facts, words)
    return [shown.lead, *([far] if far else []), *advice]


@cache
def load_words(lang: str) -> Words:
    """The words of report.html with those of this section beside them."""
    text = assets.read(f"diversity_words_{lang}.toml")
    return Words({**load(lang).table, **tomllib.loads(text)})


@cache
def script() -> str:
    """The script that draws the map."""
    return assets.read("templates/diversity.js").strip()
