from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from invent import HOSTILE, PASSES, row, write_part, write_run

import reports
from reports import charts, diffs, words
from reports.facts import gather
from reports.pages import render_report
from reports.shapes import ReportError

MOST = 3_000_000
PAIRED = (
    "section",
    "article",
    "div",
    "table",
    "tr",
    "ul",
    "ol",
    "dl",
    "details",
    "figure",
    "main",
    "nav",
    "form",
    "p",
    "li",
)


class Outline(HTMLParser):
    """Elements, ids, references and attributes of a page; scripts by type."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append((tag, told))
        if told.get("id"):
            self.ids.append(str(told["id"]))
        if tag in PAIRED:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append(told.get("type") or "script")

    def handle_endtag(self, tag: str) -> None:
        if tag in PAIRED and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)


@pytest.fixture(scope="module", params=["en", "fr"])
def page(request: pytest.FixtureRequest, run: Path) -> str:
    return render_report(gather(run), request.param)


def test_the_page_is_well_formed_and_every_link_leads_somewhere(page: str) -> None:
    found = Outline(page)
    assert found.wrong == []
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    for tag, told in found.tags:
        if tag == "a":
            assert str(told["href"]).removeprefix("#") in found.ids
        for name in (told.get("aria-labelledby") or "").split():
            assert name in found.ids


def test_all_sections_stand_in_order(page: str) -> None:
    names = [
        "alarms",
        "sieve",
        "reasons",
        "limits",
        "slices",
        "lengths",
        "toxicity",
        "duplicates",
        "private",
        "unreadable",
        "run",
        "words",
    ]
    assert re.findall(r'<section id="(\w+)"', page) == names
    assert page.count("<h1") == 1


def test_nothing_is_loaded_and_nothing_else_may_run(page: str) -> None:
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', page)[0])
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    found = Outline(page)
    assert found.scripts == ["application/json", "script", "script", "script"]
    for _, told in found.tags:
        assert "style" not in told
        assert not [name for name in told if name.startswith("on")]
        assert told.get("src") is None
        for name in ("href", "action", "poster", "srcset"):
            assert not re.match(r"(https?:)?//", told.get(name) or "")


def test_hashes_in_the_policy_are_those_of_what_stands_in_the_page(page: str) -> None:
    from reports.assets import hash_of

    policy = html.unescape(page)
    for text in re.findall(r"<script>(.*?)</script>", page, re.DOTALL) + re.findall(
        r"<style>(.*?)</style>", page, re.DOTALL
    ):
        assert hash_of(text) in policy


def test_markup_in_a_log_stays_text(page: str) -> None:
    assert HOSTILE not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    "column", ["text", "conversation_id", "source", "evidence", "original", "language", "decided_by"]
)
def test_markup_in_any_column_stays_text(tmp_path: Path, column: str) -> None:
    out = write_run(tmp_path, 1, 1)
    marks = {
        "text": "Hello",
        "original": "Hello there",
        "changed_by": "strip_html",
        "evidence": "x",
        "flags": "too_toxic",
    }
    marks |= {"decided_by": "too_toxic", "verdict": "drop", "duplicate_of": HOSTILE, "conversation_id": "a"}
    told = marks | {column: HOSTILE}
    rows = [row(told.pop("conversation_id"), 0, "user", told.pop("text"), **told)]
    write_part(out, 0, rows)
    page = render_report(gather(out))
    assert "<script>document" not in page
    assert "<img src=x" not in page
    assert Outline(page).scripts == ["application/json", "script", "script", "script"]


def test_markup_in_manifest_and_quarantine_stays_text(tmp_path: Path) -> None:
    passes = [*PASSES, {"name": HOSTILE, "use": HOSTILE, "kind": HOSTILE, "options": {HOSTILE: HOSTILE}}]
    alarm = {
        "kind": "pass",
        "pass": HOSTILE,
        "slice": f"source={HOSTILE}",
        "share": 0.5,
        "limit": 0.3,
        "count": 1,
        "of": 2,
    }
    out = write_run(
        tmp_path,
        1,
        1,
        recipe={"name": HOSTILE, "passes": passes},
        inputs=[{"source": HOSTILE, "format": HOSTILE, "records": 1, "conversations": 1}],
        scorers={HOSTILE: {HOSTILE: HOSTILE}},
        versions={HOSTILE: HOSTILE},
        not_covered=[HOSTILE],
        alarms=[alarm],
        started=HOSTILE,
        tamis=HOSTILE,
    )
    (out / "quarantine.jsonl").write_text(
        json.dumps({"source": HOSTILE, "record": 1, "reason": HOSTILE}) + "\n"
    )
    page = render_report(gather(out), "fr")
    assert "<script>document" not in page
    assert "<img src=x" not in page
    assert Outline(page).wrong == []


def test_the_first_sentence_is_the_verdict(page: str, run: Path) -> None:
    facts = gather(run)
    first = html.unescape(re.findall(r"<h1>(.*?)</h1>", page)[0])
    assert str(facts.kept.conversations) in first
    assert str(facts.read.conversations) in first


def test_every_chart_has_its_numbers_as_a_table(page: str) -> None:
    data = json.loads(re.findall(r'id="data">(.*?)</script>', page)[0])
    names = [chart["name"] for chart in data["charts"]]
    assert names == ["sieve", "source", "language", "role", "words", "turns", "toxicity", "private", "sizes"]
    for name in names:
        after = page.split(f'data-chart="{name}"')[1]
        assert re.match(r"></div>\s*<figcaption>[^<]+</figcaption>\s*<details.*?<table>", after, re.DOTALL)


def test_page_and_twin_are_written_whole(tmp_path: Path) -> None:
    out = write_run(tmp_path)
    paths = reports.write(out, "fr")
    assert [path.name for path in paths] == ["report.html", "report.json"]
    assert '<html lang="fr">' in paths[0].read_text(encoding="utf-8")
    assert json.loads(paths[1].read_bytes())["format"] == "tamis-report"
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_the_same_run_gives_the_same_bytes(run: Path) -> None:
    assert render_report(gather(run)) == render_report(gather(run))


def test_an_unknown_language_names_those_there_are(run: Path) -> None:
    with pytest.raises(ReportError, match="language 'tlh'; allowed: en, fr"):
        render_report(gather(run), "tlh")


def keys(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", " ".join(sorted(set(re.findall(r"{(\w+)}", str(value)))))


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    english, french = dict(keys(words.load("en").table)), dict(keys(words.load("fr").table))
    assert english.keys() == french.keys()
    for key, values in english.items():
        if not key.endswith(".one"):  # a language may spell the number one out
            assert french[key] == values, key


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("a b c", "a b c", "nothing changed"),
        ("a <b>b</b> c", "a b c", "tags went"),
        ("cafÃ©", "café", "a word was mended"),
        ("", "new", "all of it came"),
        ("old", "", "all of it went"),
        ("x\u00a0y", "x y", "a space became another"),
    ],
)
def test_a_difference_holds_both_texts(before: str, after: str, why: str) -> None:
    pieces = diffs.compare(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == after, why
    gone_and_same = "".join(piece.text for piece in pieces if piece.kind != "new")
    assert gone_and_same.replace(" ", "") == before.replace(" ", ""), why


@pytest.mark.parametrize(
    "sign", ["\u200b", "\u202e", "\x00", "\u2066", "\x1b", "\ufeff", "\u2028", "\U000e0041"]
)
def test_a_sign_that_cannot_be_seen_is_named(sign: str) -> None:
    assert [bit.kind for bit in diffs.bits(f"a{sign}b")] == ["text", "unseen", "text"]


@pytest.mark.parametrize("text", ["Ça va, 你好 🙂 👩‍👩‍👧", "line\nline\ttab", "a\u00a0b", "<EMAIL> x_1"])
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert "".join(bit.text for bit in diffs.bits(text)) == text
    assert {bit.kind for bit in diffs.bits(text)} == {"text"}


def test_the_page_stays_small_whatever_the_run(tmp_path: Path) -> None:
    """Many sources, passes, alarms, inputs, clusters and reasons, long names, texts that escape to five times."""
    passes = [
        {"name": f"rule_{i}", "use": "decide_when", "kind": "decider", "options": {"x": "&" * 900}}
        for i in range(120)
    ]
    alarm = {
        "kind": "pass",
        "pass": "rule_1",
        "slice": "source=" + "&" * 500,
        "share": 1,
        "limit": 0.3,
        "count": 1,
        "of": 1,
    }
    out = write_run(
        tmp_path,
        1,
        1,
        recipe={"name": "&" * 9_000, "passes": passes},
        alarms=[alarm] * 500,
        inputs=[{"source": "&" * 900, "format": "x", "records": 1, "conversations": 1}] * 2_000,
        scorers={f"s{i}": {"x": "&" * 900} for i in range(500)},
    )
    long = "'" * 3_000
    rows = []
    for i in range(2_400):
        told = {"source": f"{'&' * 300}{i}", "record": i + 1, "language": f"l{i}", "pii_kinds": f"kind{i}:1"}
        told |= {
            "verdict": "drop",
            "decided_by": f"rule_{i % 120}",
            "evidence": f"{'<' * 300}{i}",
            "original": f"{long}\x00{i}",
        }
        rows.append(
            row(
                f"{'&' * 300}{i}",
                0,
                "user",
                f"{i} {long}",
                duplicate_of=f"{'<' * 300}{i}",
                jaccard=0.9,
                **told,
            )
        )
    write_part(out, 0, rows)
    lines = [
        json.dumps({"source": "&" * 300 + str(i), "record": 1, "reason": "<" * 300 + str(i)})
        for i in range(5_000)
    ]
    (out / "quarantine.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = json.loads((out / "limits.json").read_text("utf-8"))
    told["limits"] = [one | {"pass": f"rule_{i}"} for i in range(120) for one in told["limits"]]
    (out / "limits.json").write_text(json.dumps(told), encoding="utf-8")
    for lang in words.LANGUAGES:
        assert len(render_report(gather(out), lang).encode()) < MOST


def test_alarms_of_one_pass_are_told_together(tmp_path: Path) -> None:
    slices = {"source=shop.jsonl": 0.41, "language=fr": 0.35, "role=user": 0.33}
    alarms = [
        {
            "kind": "pass",
            "pass": "near_duplicates",
            "slice": name,
            "share": share,
            "limit": 0.3,
            "count": 13,
            "of": 31,
        }
        for name, share in slices.items()
    ]
    page = render_report(gather(write_run(tmp_path, 23, 1, alarms=alarms)))
    section = page.partition('<section id="alarms"')[2].partition("</section>")[0]
    assert section.count("<h3>") == 1
    assert "near_duplicates took more than 30% of 3 slices" in section
    assert re.findall(r"<b>(\d+%)</b> (\w+ \S+)", section) == [
        ("41%", "source shop.jsonl"),
        ("35%", "language French"),
        ("33%", "role user"),
    ]


def test_slices_too_small_to_draw_stay_in_the_table(tmp_path: Path) -> None:
    out = write_run(tmp_path, 1, 1)
    rows = [row(f"c{i}", 0, "user", "Hi", record=i + 1) for i in range(600)]
    rows += [row(f"s{i}", 0, "user", "Hi", source=f"small-{i}.jsonl", record=1) for i in range(9)]
    write_part(out, 0, rows)
    drawn = charts.fates(gather(out).slices[0], [f"n{i}" for i in range(10)], words.load("en"))
    assert (len(drawn.bars), len(drawn.table.rows)) == (charts.LEAST_BARS, 10)
    assert "4 too small to be drawn are in the table." in drawn.summary
    assert {one.row for one in drawn.segments} == set(range(charts.LEAST_BARS))
