"""The section of report.html: words of both languages, escaping, and the map in a real browser."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reports
from reports import diversity_views
from reports.diversity import load_words, read, section, sentences
from reports.diversity_facts import parse
from reports.shapes import ReportError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reports"))

from invent import write_run  # noqa: E402
from test_browser import Opened, axe, browser  # noqa: E402, F401 - fixtures

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"


def number(value: float) -> dict[str, Any]:
    return {"value": value, "low": value * 0.9, "high": value * 1.1, "entropy": 1.0, "kinds": 3, "n": 90}


def twin(content: str = "") -> dict[str, Any]:
    """A twin in which everything that can be told is told."""
    moved = {"ratio": 0.8, "low": 0.7, "high": 0.9, "p": 0.001}
    names = ["refund · parcel · late", "loan · rate · bank", "guitar · chord · song"]
    topics = [
        {"name": name, "words": name.split(" · "), "language": "en", "x": x, "y": y}
        for name, x, y in zip(names, (-1.0, 0.2, 0.9), (0.1, 1.0, -0.6), strict=True)
    ]
    sizes = {"topic": dict(zip(names, (50, 30, 3), strict=True)), "language": {"en": 80, "fr": 3}}
    sizes["intent"] = {"question": 60, "complaint": 2}
    slices = [
        {
            "kind": kind,
            "name": name,
            "read": max(kept, 20),
            "kept": kept,
            "share": kept / 83,
            "low": 0.0,
            "high": 0.5,
            "removed_by": "too_toxic",
        }
        for kind, told in sizes.items()
        for name, kept in told.items()
    ]
    advice = [
        {"kind": kind, "name": name, "reason": reason, "kept": 2, "share": 0.01, "fair": 0.3, "wanted": 40}
        | {"by": "too_toxic" if reason == "removed" else "", "inside": inside}
        for kind, name, reason, inside in (
            ("topic", names[2], "removed", ""),
            ("language", "fr", "few", ""),
            ("intent", "complaint", "reference", ""),
            ("intent", "complaint", "few", "fr"),
        )
    ]
    compared = {"kind": "topic", "name": names[0], "count": 50, "share": 0.5, "reference_count": 0} | {
        "reference_share": 0.0, "ratio": None, "low": 2.0, "high": None, "q": 0.0, "claimed": True
    }  # fmt: skip
    far = {
        "kind": "length",
        "observed": 0.212,
        "chance": 0.017,
        "bits": 0.2,
        "low": 0.1,
        "high": 0.3,
        "p": 0.001,
        "q": 0.01,
        "claimed": True,
    }
    return {
        "format": "tamis-diversity",
        "version": 1,
        "run": content,
        "conversations": 100,
        "kept": 83,
        "sample": 100,
        "unplaced": 1,
        "topics": topics,
        "slices": slices,
        "dimensions": [
            {"kind": kind, "read": number(3.0), "kept": number(2.5), "change": moved}
            for kind in ("topic", "language", "intent", "source", "author")
        ],
        "steps": [
            {
                "by": by,
                "kind": "topic",
                "removed": 17,
                "before": 3.0,
                "after": number(2.5),
                "change": moved,
                "q": 0.1,
                "claimed": True,
            }
            for by in ("", "too_toxic")
        ],
        "vendi": [{"stage": "kept", "size": 20, "draws": 4, "value": 12.0, "low": 11.0, "high": 13.0}],
        "advice": advice,
        "reference": {
            "conversations": 83,
            "reference_conversations": 60,
            "topics": [],
            "divergences": [far],
            "slices": [compared],
        },
    }


def encoded(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """report.html with its section, in both languages."""
    out = write_run(tmp_path_factory.mktemp("diverse"))
    content = json.loads((out / "manifest.json").read_text("utf-8")).get("content", "")
    (out / "diversity.json").write_bytes(encoded(twin(str(content))))
    return {lang: reports.write(out, lang)[0].rename(out / f"{lang}.html") for lang in ("en", "fr")}


def keys(table: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{before}{name}.")
        else:
            yield before + name


def test_both_languages_have_the_same_words_with_the_same_places_to_fill() -> None:
    en, fr = (
        tomllib.loads((ROOT / "reports" / f"diversity_words_{lang}.toml").read_text("utf-8"))
        for lang in ("en", "fr")
    )
    assert sorted(keys(en)) == sorted(keys(fr))
    for key in keys(en):
        told = []
        for table in (en, fr):
            value: Any = table
            for step in key.split("."):
                value = value[step]
            told.append(set(re.findall(r"\{\w+\}", str(value))) - {"{n}"})
        assert told[0] == told[1], key


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_section_stands_in_the_report_once_and_says_what_to_collect(
    pages: dict[str, Path], lang: str
) -> None:
    page = pages[lang].read_text("utf-8").replace("\u202f", " ")
    said = {"en": "Conversations in French: 2 kept", "fr": "Conversations en français : 2 gardées"}[lang]
    assert page.count('<section id="diversity"') == 1
    assert said in page
    assert "{" not in re.sub(
        r"(?s)<(script|style).*?</\1>", "", page.split('id="diversity"')[1].split("</section>")[0]
    )


def test_advice_names_the_pass_to_look_at_and_the_number_to_collect() -> None:
    told = sentences(encoded(twin()))
    assert told[0].startswith("As diverse as 2.5 equally common topics (95% interval 2.2 to 2.8); 3 topics")
    assert told[1].endswith(
        "further apart than by chance. Length, in characters: 0.212 bits, by chance up to 0.017."
    )
    assert "because too_toxic removed most of them" in told[2]
    assert told[2].startswith("Conversations about guitar, chord, song: 2 kept")
    assert "About 40 more" in told[3]
    assert "30% of the traffic to come, but 1% of what was kept" in told[4]
    assert told[5].startswith("Conversations in French that begin with a complaint")


def test_a_divergence_within_chance_is_told_beside_it_and_named_nowhere() -> None:
    made = twin()
    made["reference"]["divergences"][0] |= {"observed": 0.011, "claimed": False}
    made["reference"]["slices"][0]["claimed"] = False
    said = sentences(encoded(made))[1]
    assert "Nothing stands out: both could be drawn from one source." in said
    assert said.endswith("Within chance: Length, in characters: 0.011 bits, by chance up to 0.017.")
    told = diversity_views.reference(parse(encoded(made)), load_words("en"))
    assert told and told[2] is None
    assert [cell.shown for cell in told[1].rows[0]][1:3] == ["0.011", "0.017"]


def test_facts_without_a_chance_range_still_have_their_table() -> None:
    made = twin()
    for name in ("observed", "chance"):
        del made["reference"]["divergences"][0][name]
    told = diversity_views.reference(parse(encoded(made)), load_words("en"))
    assert told and [cell.shown for cell in told[1].rows[0]][1:3] == ["–", "–"]


def test_names_from_the_data_are_escaped() -> None:
    told = twin()
    for one in (*told["topics"], *told["slices"], *told["advice"]):
        one["name"] = HOSTILE
    for one in told["topics"]:
        one["words"] = [HOSTILE]
    told["steps"][0]["by"] = HOSTILE
    shown = section(parse(encoded(told)), "en")
    assert "<img" not in shown["diverse_data"]
    assert "</script>" not in shown["diverse_data"]


def test_a_report_without_measures_has_no_section_and_one_of_another_run_neither(tmp_path: Path) -> None:
    out = write_run(tmp_path)
    assert 'id="diversity"' not in reports.write(out)[0].read_text("utf-8")
    (out / "diversity.json").write_bytes(encoded(twin("another run")))
    assert read(out) is None
    assert 'id="diversity"' not in reports.write(out)[0].read_text("utf-8")


def test_facts_of_another_version_are_refused_with_the_next_step() -> None:
    with pytest.raises(ReportError, match=r"version 99.*'curate diversity OUT'"):
        parse(b'{"format": "tamis-diversity", "version": 99}')


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme", "lang"), [(1280, "light", "en"), (360, "dark", "fr")])
def test_the_map_is_drawn_nothing_is_too_wide_and_axe_finds_nothing_serious(
    browser: Any,  # noqa: F811
    axe: str,  # noqa: F811
    pages: dict[str, Path],
    width: int,
    scheme: str,
    lang: str,
) -> None:
    with Opened(browser, pages[lang], width, scheme) as page:
        page.wait_for_selector("[data-map] svg")
        assert page.locator("[data-map] svg circle").count() == 3
        page.evaluate("for (const d of document.querySelectorAll('#diversity details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.evaluate(axe)
        found = page.evaluate(
            "axe.run('#diversity', {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        )
        told = [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found["violations"]]
        assert told == []
