"""The command line: exit statuses, what is printed where, examples of every --help, errors in our form."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = (
    "export",
    "run",
    "preview",
    "why",
    "rejudge",
    "check",
    "passes",
    "init",
    "verify",
    "report",
    "compare",
    "diversity",
    "augment",
)


def command(*arguments: str | Path, at: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`curate` with these arguments."""
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from curate.cli import main; main()"
    line = [sys.executable, "-c", code, str(ROOT), *map(str, arguments)]
    return subprocess.run(line, cwd=at, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    done = command("run", ROOT / "samples", "--out", folder / "out", "--workers", "1", at=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_redirected_output_has_the_funnel_and_no_message_text(out: Path, tmp_path: Path) -> None:
    done = command("run", ROOT / "samples", "--out", out, "--workers", "1")
    assert done.stdout == ""
    assert "removed by exact_duplicates" in done.stderr
    assert "report.html" in done.stderr
    for word in ("lave-linge", "vector<", "<EMAIL_1>"):
        assert word not in done.stderr


def test_quiet_says_nothing_and_json_gives_the_manifest(out: Path) -> None:
    done = command("run", ROOT / "samples", "--out", out, "--quiet", "--json", "--workers", "1")
    assert done.stderr == ""
    assert json.loads(done.stdout)["counts"]["conversations"] == 147


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_every_help_runs(verb: str, out: Path, tmp_path: Path) -> None:
    told = " ".join(command(verb, "--help").stdout.split())
    example = re.search(r"Example: curate (.+)$", told)
    assert example, told
    words = shlex.split(example.group(1))
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for name in ("out", "other"):
        (tmp_path / name).symlink_to(out)
    done = command(*words, at=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["run", "nowhere.jsonl"], 2, "'nowhere.jsonl'"),
        (["run", "samples", "--recipe", "chta"], 2, "did you mean 'chat'?"),
        (["run", "samples", "--set", "too_toxi.limit=0.9"], 2, "did you mean 'too_toxic'?"),
        (["run", "samples", "--set", "too_toxic.limits=0.9"], 2, "did you mean 'limit'?"),
        (["run", "samples", "--set", "too_toxic.limit=high"], 2, "'limit' of pass 'too_toxic'"),
        (["run", "samples", "--set", "nonsense"], 2, "pass.option=value"),
        (["run", "samples", "--format", "opena"], 2, "did you mean 'openai'?"),
        (["run", "samples", "--engine", "spark"], 2, "allowed: local, ray"),
        (["why", "nowhere", "x"], 2, "holds no finished run"),
        (["passes", "strip_htm"], 2, "did you mean 'strip_html'?"),
        (["check", "missing.toml"], 2, "unknown recipe"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_status_2(
    arguments: list[str], status: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    done = command(*arguments, at=tmp_path)
    assert done.returncode == status
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "out").exists()


RECIPES = {
    "order": ('[[pass]]\nuse = "language"\n[[pass]]\nuse = "strip_html"\n', "impossible order"),
    "twice": ('[[pass]]\nuse = "language"\n[[pass]]\nuse = "language"\n', "stands twice"),
    "need": ('[[pass]]\nuse = "too_toxic"\n', "reads the column 'toxicity'"),
    "key": ('nmae = "x"\n', "did you mean 'name'?"),
    "toml": ("[[pass]\n", "not valid TOML"),
    "aggregate": (
        '[[pass]]\nuse = "toxicity"\n[[pass]]\nuse = "decide_when"\nname = "odd"\ncondition = "toxicity > avg(toxicity)"\n',
        "odd",
    ),
    "format": ('[[input]]\nfiles = ["x"]\nformat = "opena"\n', "did you mean 'openai'?"),
    "input": ('[[input]]\nfile = ["x"]\n', "did you mean 'files'?"),
}


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_that_cannot_run_fails_before_any_input_is_read(name: str, tmp_path: Path) -> None:
    text, said = RECIPES[name]
    (tmp_path / "r.toml").write_text(text)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    arguments = ["run", "--recipe", "r.toml"] + ([] if name in ("format", "input") else ["samples"])
    done = command(*arguments, at=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_finished_run_under_another_recipe_is_refused_with_the_next_step(out: Path) -> None:
    done = command("run", ROOT / "samples", "--out", out, "--set", "near_duplicates.limit=0.9")
    assert done.returncode == 2
    assert "--fresh" in done.stderr


def test_strict_exits_3_on_an_alarm_and_2_on_an_unreadable_file(tmp_path: Path) -> None:
    lines = [
        json.dumps(
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        )
    ] * 40
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    done = command("run", "a.jsonl", "--strict", at=tmp_path)
    assert done.returncode == 3
    assert "exact_duplicates took" in done.stderr
    (tmp_path / "b.bin").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = command("run", "a.jsonl", "b.bin", "--strict", "--out", "two", at=tmp_path)
    assert done.returncode == 2
    assert "quarantine.jsonl" in done.stderr


def test_rejudge_moves_a_limit_without_reading_and_back_again(tmp_path: Path) -> None:
    run = ("run", ROOT / "samples", "--out", "o", "--quiet", "--workers", "1")
    assert command(*run, at=tmp_path).returncode == 0
    before = json.loads((tmp_path / "o" / "manifest.json").read_text())
    done = command(
        "rejudge", "o", "--set", "too_toxic.then=drop", "--set", "too_toxic.limit=0.5", at=tmp_path
    )
    assert done.returncode == 0, done.stderr
    moved = json.loads((tmp_path / "o" / "manifest.json").read_text())
    assert moved["counts"]["kept"] < before["counts"]["kept"]
    assert command("verify", "o", at=tmp_path).returncode == 0
    fresh = command("run", ROOT / "samples", "--out", "p", "--quiet", "--workers", "1", "--set", "too_toxic.then=drop", "--set", "too_toxic.limit=0.5", at=tmp_path)  # fmt: skip
    assert fresh.returncode == 0
    assert json.loads((tmp_path / "p" / "manifest.json").read_text())["content"] == moved["content"]
    back = command(
        "rejudge", "o", "--set", "too_toxic.then=flag", "--set", "too_toxic.limit=0.8", at=tmp_path
    )
    assert back.returncode == 0
    assert json.loads((tmp_path / "o" / "manifest.json").read_text())["content"] == before["content"]
    done = command("rejudge", "o", "--set", "language.model=py3langid", at=tmp_path)
    assert done.returncode == 2
    assert "must be measured first" in done.stderr


def test_verify_finds_a_file_that_was_touched(out: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(out, tmp_path / "o")
    (tmp_path / "o" / "curated" / "part-00000.parquet").write_bytes(b"PAR1")
    done = command("verify", "o", at=tmp_path)
    assert done.returncode == 3
    assert "curated/part-00000.parquet is not what the run wrote" in done.stdout
