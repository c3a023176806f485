"""`train duel`: blind pairs, votes counted with an interval, a judge asked both ways round, the page in a browser."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch")

from tests.train.speaking import Scripted
from train.duel import page as duel_page
from train.duel import votes
from train.duel.contest import Counting, run
from train.duel.judge import TASK, Judge, judged, preference
from train.duel.pairs import Asked, Duel, Pair, duel, prompts
from train.duel.votes import Votes, tally
from train.errors import ConfigError, DataError

HOSTILE = "</script><script>document.title='broken'</script>"


def silent(who: str, done: int, of: int) -> None:
    """Nobody watches."""


def written(folder: Path, count: int = 8) -> Path:
    rows = [
        {
            "conversation_id": f"c{n}",
            "messages": [
                {"role": "user", "content": f"question {n}"},
                {"role": "assistant", "content": "first"},
                {"role": "user", "content": "and then"},
                {"role": "assistant", "content": "second"},
            ],
        }
        for n in range(count)
    ]
    path = folder / "set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class Opened:
    """Models by name, and how often each was opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.speakers = {
            "a": Scripted(lambda prompt: "the same" if "question 3" in prompt else "kettle a"),
            "b": Scripted(lambda prompt: "the same" if "question 3" in prompt else "kettle b"),
        }

    def __call__(self, model: str) -> Any:
        self.opened.append(model)
        return self.speakers[model]


def asked(path: Path, **more: Any) -> Asked:
    return Asked(models=("a", "b"), prompts=str(path), **more)


def invented(count: int, same: int = 0) -> Duel:
    rng = random.Random(1)
    pairs = [
        Pair(f"p{n}", f"c{n}", (("user", "x"),), ("one", "one" if n < same else "two"), rng.randrange(2))
        for n in range(count)
    ]
    return Duel(("raw", "curated"), tuple(pairs), 0)


def for_second(made: Duel, pair: Pair) -> str:
    """The vote for the second model's answer."""
    return "left" if pair.left == 1 else "right"


def test_prompts_are_drawn_by_the_seed_up_to_the_turn_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path)
    first = prompts(asked(path, count=4))
    assert [one.conversation for one in first] == [one.conversation for one in prompts(asked(path, count=4))]
    assert [one.conversation for one in first] != [
        one.conversation for one in prompts(asked(path, count=4, seed=2))
    ]
    assert {len(one.messages) for one in first} == {1}
    assert {len(one.messages) for one in prompts(asked(path, until="last"))} == {3}
    text = tmp_path / "asked.txt"
    text.write_text("one\n\n two \n")
    assert [one.messages[0].content for one in prompts(asked(text))] == ["one", "two"]


def test_answers_are_made_once_and_a_killed_duel_goes_on(tmp_path: Path) -> None:
    path, to = written(tmp_path), tmp_path / "duel"
    whole = duel(asked(path), tmp_path / "whole", Opened(), silent)
    opened = Opened()
    made = duel(asked(path), to, opened, silent)
    assert made == whole and opened.opened == ["a", "b"]
    assert duel(asked(path), to, opened, silent) == made and opened.opened == ["a", "b"]
    [first, _] = sorted((to / "answers").iterdir(), key=lambda one: one.stat().st_mtime_ns)
    lines = first.read_text().split("\n")
    first.write_text("\n".join(lines[:3]) + "\n" + lines[3][:4])  # killed within the fourth answer
    (to / "duel.json").unlink()
    assert duel(asked(path), to, opened, silent) == whole and opened.opened == ["a", "b", "a"]
    with pytest.raises(ConfigError, match="other prompts"):
        duel(asked(path, count=3), to, opened, silent)


def test_sides_are_drawn_and_the_page_does_not_tell_whose_they_are(tmp_path: Path) -> None:
    made = duel(asked(written(tmp_path, 40)), tmp_path / "duel", Opened(), silent)
    assert 8 < sum(pair.left for pair in made.pairs) < 32
    assert [pair.conversation for pair in made.pairs] != sorted(pair.conversation for pair in made.pairs)
    page = duel_page.render(made)
    told = json.loads(page.split('id="pairs">')[1].split("</script>")[0])
    assert len(told["pairs"]) == 29  # the answers to question 3 and 30 to 39 are the same
    assert set(told["pairs"][0]) == {"id", "messages", "left", "right"}
    assert "conversation" not in json.dumps(told["pairs"])


def test_the_count_gives_each_prompt_one_weight_and_ties_half() -> None:
    made = invented(10, same=1)
    first = Votes("ann", {pair.id: for_second(made, pair) for pair in made.pairs[1:9]})
    second = Votes("bob", {made.pairs[1].id: "tie", made.pairs[2].id: "bad"})
    told = tally(made, [first, second])
    assert told.wins == (0, 8) and (told.ties, told.both_bad, told.same, told.votes) == (1, 1, 1, 10)
    assert told.prompts == 9  # one was not voted on
    assert told.win_rate.value == pytest.approx((0.5 + 0.25 + 0.25) / 9)
    assert told.agreement == 0.0
    assert told.verdict == "curated is preferred"


def test_no_votes_say_nothing_and_even_votes_show_no_preference() -> None:
    made = invented(30)
    assert tally(made, []).verdict == "too few votes to say"
    even = Votes("ann", {pair.id: ("left", "right")[pair.left ^ n % 2] for n, pair in enumerate(made.pairs)})
    told = tally(made, [even])
    assert told.win_rate.value == 0.5 and told.verdict == "no preference was shown"


def test_the_interval_holds_the_true_win_rate_in_95_of_100_duels() -> None:
    rng = random.Random(0)
    held = wrong = 0
    for truth in (0.5, 0.7):
        for _ in range(300):
            made = invented(40)
            cast = {p.id: ("left", "right")[p.left ^ (rng.random() >= truth)] for p in made.pairs}
            rate = tally(made, [Votes("x", cast)]).win_rate
            assert rate.low is not None and rate.high is not None
            held += rate.low <= truth <= rate.high
            wrong += truth == 0.5 and not rate.low <= 0.5 <= rate.high
    assert held / 600 > 0.93 and wrong / 300 < 0.07


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"duel": "other", "votes": {}}, "another duel"),
        ({"votes": 3}, "no votes"),
        ([], "no votes"),
        ({"duel": "KEY", "votes": {"p1": "maybe"}}, "allowed: left"),
        ({"duel": "KEY", "votes": {"zzz": "left"}}, "cannot be"),
    ],
)
def test_votes_that_cannot_be_are_refused(tmp_path: Path, told: Any, sentence: str) -> None:
    made = invented(3)
    path = tmp_path / "votes.json"
    path.write_text(json.dumps(told).replace("KEY", made.key))
    with pytest.raises(DataError, match=sentence):
        votes.read([path], made)


def judging(chooses: Any) -> Any:
    """A judge that gives `chooses(first answer, second answer)`."""

    def post(body: dict[str, Any]) -> str:
        assert body["messages"][0]["content"] == TASK
        _, first, second = body["messages"][1]["content"].split("[answer ")
        return json.dumps({"better": chooses(first[2:].strip(), second[2:].strip())})

    return post


def test_a_judge_with_a_preference_is_heard_and_one_for_a_position_is_not() -> None:
    made, said = invented(20, same=2), []
    judge = Judge("http://localhost:1/v1", "wise")
    fair = judged(made, judge, said.append, silent, judging(lambda a, b: 1 if a == "two" else 2))
    assert fair.said == {pair.id: for_second(made, pair) for pair in made.pairs[2:]}
    biased = judged(made, judge, said.append, silent, judging(lambda a, b: 1))
    assert set(biased.said.values()) == {"tie"} and "18 preferences turned" in said[-1]
    with pytest.raises(DataError, match="stronger judge"):
        judged(made, judge, said.append, silent, lambda body: "I like both")


def test_a_judge_is_asked_over_http_and_its_votes_are_kept(tmp_path: Path) -> None:
    from rich.console import Console

    from tests.train.test_chat import served

    path, to = written(tmp_path), tmp_path / "duel"
    duel(asked(path), to, Opened(), silent)  # answers are there: no model is opened again
    console = Console(quiet=True)
    with served(lambda prompt: '{"better": 0}') as (_, speaker, server):
        counting = Counting(judge=Judge(server.url, "tiny"))
        told = run(console, asked(path), str(to), counting)
        assert told is not None and told.ties == 7 and told.same == 1 and told.voters == ("judge tiny",)
        heard = len(speaker.seen)
    assert heard == 14
    again = run(console, asked(path), str(to), counting)  # the server is gone
    assert again == told and json.loads((to / "result.json").read_text())["verdict"] == told.verdict


def test_a_judge_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.duel.judge.time.sleep", lambda seconds: None)
    with pytest.raises(ConfigError, match="no judge at http://127"):
        Judge("http://127.0.0.1:9/v1", "wise", timeout=1).post({})
    with pytest.raises(ConfigError, match="is no URL"):
        Judge("localhost", "wise")
    with pytest.raises(ConfigError, match="--judge-model"):
        Judge("http://localhost/v1", "")


def test_a_judges_words_are_read_to_the_last() -> None:
    assert preference('{"better": 1} or rather {"better": "2"}') == 2
    assert preference('{"better": 7}') is None


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_people_vote_in_a_browser_and_their_file_is_counted(tmp_path: Path, lang: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no chromium is installed")
    pairs = [
        Pair(f"p{n}", f"c{n}", (("user", f"question {n} {HOSTILE}"),), (f"one {HOSTILE}", "two"), n % 2)
        for n in range(4)
    ]
    made = Duel(("raw", "curated"), tuple(pairs), 0)
    (tmp_path / "duel.html").write_text(duel_page.render(made, lang))
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        trouble: list[str] = []
        page.on("console", lambda line: trouble.append(line.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                trouble.append(asked.url)
                if "duel.html" not in asked.url and not asked.url.startswith(("data:", "blob:"))
                else None
            ),
        )
        page.goto(f"file://{tmp_path}/duel.html")
        assert HOSTILE in page.inner_text("#left-text") + page.inner_text("#right-text")
        page.keyboard.press("2" if pairs[0].left == 0 else "1")  # the second model's
        page.click(f'[data-choice="{for_second(made, pairs[1])}"]')
        page.keyboard.press("3")
        page.keyboard.press("ArrowLeft")
        assert page.get_attribute('[data-choice="tie"]', "aria-pressed") == "true"
        page.keyboard.press("4")
        page.reload()  # what was voted is still there, and it goes on at the open pair
        assert "question 3" in page.inner_text("#asked")
        page.keyboard.press("1" if pairs[3].left == 1 else "2")
        page.fill("#voter", "Zoé 1")
        with page.expect_download() as saved:
            page.click("#save")
        path = tmp_path / saved.value.suggested_filename
        saved.value.save_as(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert "built-in" not in page.inner_text("body") and "1" in page.inner_text("#hint")
        assert page.title().startswith(duel_page.words()[lang]["title"])
        browser.close()
    assert not trouble
    told = tally(made, votes.read([path], made))
    assert told.voters == ("Zoé 1",) and told.wins == (0, 3) and told.both_bad == 1


def test_words_are_the_same_in_both_languages() -> None:
    told = duel_page.words()
    assert set(told["en"]) == set(told["fr"]) and set(told["en"]["roles"]) == set(told["fr"]["roles"])
    with pytest.raises(ConfigError, match="allowed: en, fr"):
        duel_page.check_language("de")
