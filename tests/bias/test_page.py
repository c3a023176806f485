"""bias.html: the words of both languages, escaping, and the page in a real browser."""

from __future__ import annotations

import html
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.bias import facts as audited
from curate.bias.facts import BiasFacts
from reports import bias
from reports.bias_facts import parse
from reports.bias_pages import load_bias, render_bias
from reports.bias_views import findings
from reports.shapes import ReportError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reports"))
sys.path.insert(0, str(ROOT / "benchmarks"))

from test_browser import Opened, axe, browser  # noqa: E402, F401 - fixtures

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def twin() -> bytes:
    """The JSON twin of an audit in which much stands out."""
    import bias as bench

    sys.modules.pop("bias")
    made: BiasFacts = bench.examine(
        bench.MANIFEST, [bench.corpus(bench.BIASED, 3)], bench.Settings(), watch=frozenset({"kolumba"})
    )
    return audited.to_json(made)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, twin: bytes) -> dict[str, Path]:
    """The page in both languages."""
    out = tmp_path_factory.mktemp("bias")
    (out / "bias.json").write_bytes(twin)
    return {lang: bias.write(out, lang).rename(out / f"bias.{lang}.html") for lang in ("en", "fr")}


def keys(table: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{before}{name}.")
        else:
            yield before + name


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_stands_out_is_said_in_a_few_sentences_and_nothing_where_there_is_none(
    lang: str, twin: bytes
) -> None:
    told = bias.sentences(twin, lang)
    assert 3 <= len(told) <= 6
    page = re.sub(r"<[^>]+>", "", render_bias(parse(twin), lang))
    assert html.unescape(page).count(told[0]) >= 1
    first = findings(parse(twin), load_bias(lang))[0]
    assert told[1] == f"{first.title}: {first.detail}"
    quiet = json.loads(twin)
    for name in ("sieve", "gaps", "deltas", "answers", "association", "swaps"):
        for one in quiet[name]:
            one["claimed"] = False
    assert bias.sentences(json.dumps(quiet).encode(), lang) == []


def test_both_languages_have_the_same_words_with_the_same_places_to_fill() -> None:
    en, fr = (
        tomllib.loads((ROOT / "reports" / f"bias_words_{lang}.toml").read_text("utf-8"))
        for lang in ("en", "fr")
    )
    assert sorted(keys(en)) == sorted(keys(fr))
    for key in keys(en):
        told = []
        for table in (en, fr):
            value: Any = table
            for step in key.split("."):
                value = value[step]
            told.append(set(re.findall(r"\{\w+\}", str(value))))
        assert told[0] == told[1], key


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_says_what_stands_out_and_is_small(twin: bytes, lang: str) -> None:
    page = render_bias(parse(twin), lang)
    said = {"en": "Asked the same about men", "fr": "À la même question sur hommes"}[lang]
    assert said in page
    assert len(page.encode()) < 1_000_000
    assert "{" not in re.sub(r"(?s)<(script|style).*?</\1>", "", page)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_file_that_is_ruder_is_a_finding_with_a_table_of_its_own(twin: bytes, lang: str) -> None:
    page = render_bias(parse(twin), lang)
    told, title = {
        "en": ("Messages of the assistant from b.jsonl: toxicity", "Toxicity by source"),
        "fr": ("Messages de l’assistant venant de b.jsonl : toxicité", "Toxicité par fichier"),
    }[lang]
    assert told in " ".join(re.sub(r"<[^>]*>", "", page).split())
    assert page.count(f"<caption>{title}") == 1


def test_names_from_the_data_are_escaped(twin: bytes) -> None:
    told = json.loads(twin)
    for row in told["sieve"]:
        if row["kind"] == "source":
            row["slice"] = HOSTILE
        row["by"] = row["by"] and HOSTILE
    for row in told["gaps"]:
        if row["kind"] == "source":
            row["group"] = HOSTILE
    for row in told["association"]:
        row["word"], row["claimed"] = HOSTILE, True
    page = render_bias(parse(json.dumps(told).encode()), "en")
    assert "<img" not in page
    assert page.count("<script") == 4


def test_an_audit_that_found_nothing_is_a_page_too(twin: bytes) -> None:
    told = json.loads(twin)
    for name in (
        "sieve",
        "association",
        "gaps",
        "answers",
        "swaps",
        "representation",
        "pronouns",
        "occupations",
    ):
        told[name] = []
    page = render_bias(parse(json.dumps(told).encode()), "en")
    assert "Too few messages mention groups" in page
    assert "Nothing that could be tested stands out" in page


def test_another_version_and_a_folder_without_audit_are_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"holds no bias\.json; 'curate bias"):
        bias.write(tmp_path)
    (tmp_path / "bias.json").write_text('{"format": "tamis-bias", "version": 99}')
    with pytest.raises(ReportError, match=r"version 99.*'curate bias OUT'"):
        bias.write(tmp_path)
    with pytest.raises(ReportError, match="no report in language 'de'"):
        load_bias("de")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "scheme", "lang"), [(1280, "light", "en"), (768, "dark", "fr"), (360, "light", "fr")]
)
def test_every_chart_is_drawn_and_nothing_is_wider_than_the_screen(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    width: int,
    scheme: str,
    lang: str,
) -> None:
    with Opened(browser, pages[lang], width, scheme) as page:
        page.wait_for_selector("[data-chart=scorer-fr] svg")
        assert page.locator("[data-chart] svg").count() == page.locator("[data-chart]").count() == 5
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        outside = """[...document.querySelectorAll('[data-chart] svg text')].filter(t => {
            const own = t.getBoundingClientRect();
            return own.width && (own.left < -1 || own.right > innerWidth + 1);
        }).map(t => t.textContent)"""
        assert page.evaluate(outside) == []


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme", "lang"), [(1280, "light", "en"), (360, "dark", "fr")])
def test_axe_finds_nothing_serious(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    axe: str,  # noqa: F811
    width: int,
    scheme: str,
    lang: str,
) -> None:
    with Opened(browser, pages[lang], width, scheme) as page:
        page.wait_for_selector("[data-chart=scorer-fr] svg")
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        page.evaluate(axe)
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        )
        told = [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found["violations"]]
        assert told == []


@pytest.mark.browser
def test_without_scripts_every_table_is_there(browser: Any, pages: dict[str, Path]) -> None:  # noqa: F811
    with Opened(browser, pages["en"], java_script_enabled=False) as page:
        assert page.locator("table").count() >= 9
