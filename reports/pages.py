"""The page of a run: facts in, one self-contained HTML file out."""

from __future__ import annotations

import json

from markupsafe import Markup

from reports import diversity, limits, views
from reports.assets import inlined, script_safe, template
from reports.diversity_facts import Facts as Diverse
from reports.shapes import RunFacts
from reports.words import load


def render_report(facts: RunFacts, lang: str = "en", diverse: Diverse | None = None) -> str:
    """The whole of `report.html` in English ("en") or French ("fr").

    Everything the page needs stands in it. A Content-Security-Policy names the hashes of its two scripts and
    its styles: nothing else runs, and nothing is loaded. Raises ReportError for a language without words.
    """
    words = load(lang)
    drawn = views.draw(facts, words)
    moving, still = limits.views(facts, words)
    told = {
        "lang": lang,
        "charts": [one.data() for one in drawn.values()],
        "limits": [one.data() for one in moving],
    }
    data = Markup(script_safe(json.dumps(told)))
    view = {
        "facts": facts,
        "words": words,
        "headline": views.headline(facts, words),
        "alarms": views.alarms(facts, words),
        "charts": drawn,
        "passes": views.passes(facts, words),
        "tables": views.tables(facts, words),
        "started": words.date(facts.started),
        "scorers": views.scorers(facts.scorers),
        "limits": moving,
        "still": still,
        "data": data,
        **diversity.section(diverse, lang),
        **inlined(),
    }
    return template("report.html").render(view)
