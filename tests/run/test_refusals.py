"""What cannot be used is told in one sentence of ours: never a traceback, never a library's words."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

import curate
from curate import cli
from curate.readers.types import Plan
from curate.sieve import Shard

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
CHATS = [
    {"id": name, "messages": [{"role": "user", "content": f"Question {name}?"}, {"role": "assistant", "content": said}]}
    for name, said in (("a", "Fine, <b>and</b> you?"), ("b", "It is four."))
]  # fmt: skip


def logs(folder: Path, name: str = "log.jsonl") -> Path:
    (folder / name).write_text("".join(json.dumps(chat) + "\n" for chat in CHATS))
    return folder / name


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refusals")
    run = curate.run(logs(folder), folder / "out")
    run.report()
    return folder / "out"


def copied(out: Path, to: Path) -> Path:
    import shutil

    shutil.copy(out.parent / "log.jsonl", to)
    return Path(shutil.copytree(out, to / "out"))


class Ended(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def command(*arguments: str | Path, at: Path) -> Ended:
    """`curate` with these arguments, in this process: what it printed and its exit status."""
    said, told = io.StringIO(), io.StringIO()
    before = sys.argv, Path.cwd(), signal.getsignal(signal.SIGTERM)
    sys.argv = ["curate", *map(str, arguments)]
    os.chdir(at)
    try:
        with redirect_stdout(said), redirect_stderr(told), pytest.raises(SystemExit) as left:
            cli.main()
    finally:
        sys.argv = before[0]
        os.chdir(before[1])
        signal.signal(signal.SIGTERM, before[2])
    return Ended(int(left.value.code or 0), said.getvalue(), told.getvalue())


def refused(*arguments: str | Path, at: Path) -> str:
    """What is said on standard error: one line, status 2."""
    done = command(*arguments, at=at)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["init", "/nope/x"], "there is no folder '/nope'"),
        (["init", ""], "no name of a file"),
        (["check", "folder"], "is a folder"),
        (["check", "latin.toml"], "is not UTF-8 text"),
        (["run", "log.jsonl", "--out", ""], "--out is empty"),
        (["run", "log.jsonl", "--out", "log.jsonl"], "is the input itself"),
        (["run", "log.jsonl", "--out", "/proc/x"], "--out '/proc/x' cannot be written"),
        (["run", "log.jsonl", "--workers", "-1"], "--workers is -1"),
        (["run", "log.jsonl", "--limit", "0"], "--limit is 0"),
        (["run", "log.jsonl", "--lang", "zz"], "allowed: en, fr"),
        (["preview", "log.jsonl", "--limit", "-1"], "--limit is -1"),
        (
            ["run", "log.jsonl", "--nonsense"],
            "no option '--nonsense' in 'curate run'; 'curate run --help' tells more, for example: curate run",
        ),
        (["rn"], "no such command 'rn'; did you mean 'run'? 'curate --help' tells more"),
        (["why", "out"], "missing argument 'ID'; 'curate why --help' tells more, for example: curate why"),
        (["run", "log.jsonl", "--set", "too_toxic.then=destroy"], '"destroy"; it must be flag, mask or drop'),
        (["run", "log.jsonl", "--set", "redact_pii.kinds=1"], "it must be a list of texts in quotes"),
        (["run", "log.jsonl", "--set", "too_toxic.limit=[]"], "it must be a number"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(arguments: list[str], said: str, tmp_path: Path) -> None:
    logs(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"\n')
    assert said in refused(*arguments, at=tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('files = ["x"]\nformat = "opena"', "did you mean 'openai'?"),
        ('files = ["x"]\ncolumns = { txt = "Body" }', "did you mean 'text'?"),
        ('files = ["x"]\nroles = { Agent = "asistant" }', "did you mean 'assistant'?"),
        ('files = ["x"]\nencoding = "utf-88"', "did you mean 'utf-8'?"),
        ('files = "x"', "it must be a list of texts in quotes"),
        ('format = "openai"', "has no files"),
    ],
)
def test_check_finds_what_is_wrong_with_an_input_of_a_recipe(table: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(f'[[input]]\n{table}\n[[pass]]\nuse = "language"\n')
    told = refused("check", "r.toml", at=tmp_path)
    assert said in told
    assert "[[input]] 1" in told
    assert "r.toml" in told


def test_options_of_a_pass_are_told_in_words(tmp_path: Path) -> None:
    told = command("passes", "too_toxic", at=tmp_path).stdout
    assert "flag, mask or drop" in told
    assert '["assistant"]' in told
    assert "Then" not in told
    assert "tuple" not in told


@pytest.mark.parametrize("verb", ["why", "report", "bias", "rejudge"])
@pytest.mark.parametrize("harm", ["gone", "damaged", "manifest"])
def test_a_run_with_a_part_gone_or_damaged_says_which_and_what_to_do(
    verb: str, harm: str, out: Path, tmp_path: Path
) -> None:
    place = copied(out, tmp_path)
    if harm == "manifest":
        (place / "manifest.json").write_text("{")
    elif harm == "gone":
        (place / "messages" / "part-00000.parquet").unlink()
    else:
        (place / "messages" / "part-00000.parquet").write_bytes(b"PAR1")
    told = refused(verb, "out", *(["a"] if verb == "why" else []), at=tmp_path)
    assert ("manifest.json" if harm == "manifest" else "messages/part-00000.parquet") in told
    assert "--fresh" in told


def test_an_error_that_nobody_foresaw_is_told_without_its_message(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['curate', 'passes']\n"
        "from curate import cli, listing\n"
        "def broken(): raise ValueError('text of a log')\n"
        "listing.all_listed = broken\ncli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "text of a log" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_finished_run_says_so_and_one_of_another_kind_says_what_differs(out: Path, tmp_path: Path) -> None:
    place = copied(out, tmp_path)
    done = command("run", "log.jsonl", "--out", "out", at=tmp_path)
    assert done.returncode == 0
    assert f"already finished at {curate.open_run(place).manifest['finished']}; nothing to do" in done.stderr
    told = refused("run", "log.jsonl", "--out", "out", "--set", "too_toxic.then=drop", at=tmp_path)
    assert 'another recipe (too_toxic.then "flag" -> "drop")' in told
    assert "'curate rejudge out --set too_toxic.then=drop'" in told
    told = refused("run", "log.jsonl", "--out", "out", "--set", "language.least_score=0.5", at=tmp_path)
    assert "language.least_score 0.3 -> 0.5" in told
    assert "rejudge" not in told
    logs(tmp_path, "more.jsonl")
    told = refused("run", "log.jsonl", "more.jsonl", "--out", "out", at=tmp_path)
    assert "other inputs" in told
    assert "added more.jsonl" in told
    assert "another recipe" not in told
    assert "made without --jsonl" in refused("run", "log.jsonl", "--out", "out", "--jsonl", at=tmp_path)


def test_a_rejudged_run_is_the_finished_run_of_its_new_recipe(out: Path, tmp_path: Path) -> None:
    copied(out, tmp_path)
    sets = ("--set", "too_toxic.limit=0.9")
    assert command("rejudge", "out", *sets, "--quiet", at=tmp_path).returncode == 0
    done = command("run", "log.jsonl", "--out", "out", *sets, at=tmp_path)
    assert "nothing to do" in done.stderr, done.stderr
    assert "too_toxic.limit 0.9 -> 0.8" in refused("run", "log.jsonl", "--out", "out", at=tmp_path)


def test_the_time_told_is_that_of_the_whole_command_with_the_sieve_s_apart(tmp_path: Path) -> None:
    begun = time.perf_counter()
    done = command("run", logs(tmp_path), "--out", "out", "--workers", "1", at=tmp_path)
    took = time.perf_counter() - begun
    found = re.search(
        r"; (\d+\.\d) s in all, (\d+\.\d) s of it the sieve \([\d,]+ conversations/s\);", done.stderr
    )
    assert found, done.stderr
    whole, sieve = map(float, found.groups())
    assert sieve < whole <= took + 0.05
    stages = json.loads((tmp_path / "out" / "manifest.json").read_text())["seconds"]
    assert sieve == pytest.approx(stages, abs=0.051)
    assert "topics, audit, pages …" in done.stderr
    begun = time.perf_counter()
    done = command("rejudge", "out", "--set", "too_toxic.then=drop", at=tmp_path)
    took = time.perf_counter() - begun
    found = re.search(r"; (\d+\.\d) s in all;", done.stderr)
    assert found, done.stderr
    assert 0 < float(found[1]) <= took + 0.05
    assert "of it the sieve" not in done.stderr


def test_an_out_that_cannot_be_written_is_found_before_anything_is_read(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        target = "/proc/out"
    else:
        (tmp_path / "closed").mkdir(mode=0o500)
        target = "closed/out"
    done = command("run", logs(tmp_path), "--out", target, at=tmp_path)
    assert done.returncode == 2
    assert "reading" not in done.stderr


def test_paths_with_spaces_and_other_scripts_serve(tmp_path: Path) -> None:
    folder = tmp_path / "dossier é 日本"
    folder.mkdir()
    logs(folder, "données à lire.jsonl")
    done = command("run", folder, "--out", "sortie é/x y", "--quiet", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert command("verify", "sortie é/x y", at=tmp_path).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="names are text on Windows")
def test_a_file_whose_name_is_not_utf8_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    logs(folder)
    try:
        Path(os.fsdecode(bytes(folder) + b"/a\xff.jsonl")).write_text("{}")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    run = curate.run(folder, tmp_path / "out")
    assert run.manifest["counts"]["conversations"] == 2
    assert "its name is not UTF-8" in run.storage.read("quarantine.jsonl").decode()


def test_a_file_that_vanishes_after_it_was_looked_at_is_set_aside_and_the_rest_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate import runs

    first, second = logs(tmp_path, "a.jsonl"), tmp_path / "b.jsonl"
    second.write_text(first.read_text().replace("Question", "Word"))
    cut = runs.cut_into_shards

    def vanish(plan: Plan, size: int) -> list[Shard]:
        second.unlink()
        return cut(plan, size)

    monkeypatch.setattr(runs, "cut_into_shards", vanish)
    run = curate.run([first, second], tmp_path / "out")
    assert run.manifest["counts"]["conversations"] == 2
    assert "file vanished" in run.storage.read("quarantine.jsonl").decode()


def test_python_writes_the_pages_when_asked(tmp_path: Path) -> None:
    run = curate.run(logs(tmp_path), tmp_path / "out")
    assert not (tmp_path / "out" / "report.html").exists()
    names = [path.name for path in run.report("fr")]
    assert names == ["report.html", "report.json", "bias.html"]
    assert '<html lang="fr"' in (tmp_path / "out" / "report.html").read_text("utf-8")


MANY = """
import sys
sys.path.insert(0, {root!r})
from curate import cli, runs
runs.run.__kwdefaults__["shard_bytes"] = 3000
if __name__ == "__main__":
    cli.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_in_a_line_stops_its_workers_and_goes_on_later(
    number: int, status: int, tmp_path: Path
) -> None:
    (tmp_path / "many.py").write_text(MANY.format(root=str(ROOT)))
    line = [sys.executable, "many.py", "run", str(SAMPLES), "--out", "out", "--workers", "2"]
    child = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while child.poll() is None and not list((tmp_path / "out" / "_work" / "sieved").glob("*.json")):
        time.sleep(0.01)
    os.killpg(child.pid, number)
    _, said = child.communicate()
    assert child.returncode == status, said
    assert said.splitlines() == [
        "reading and sieving …",
        "curate: stopped; the same command goes on from there",
    ]
    deadline = time.monotonic() + 60  # they are ended, not waited for: a busy machine takes a moment
    while running(child.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(child.pid)
    assert not (tmp_path / "out" / "manifest.json").exists()
    again = curate.run(SAMPLES, tmp_path / "out", shard_bytes=3000)
    assert again.manifest["counts"]["conversations"] == 147
    assert not list((tmp_path / "out").rglob(".*.part"))


def running(group: int) -> list[str]:
    """Processes of a group that still run (those that ended and were not asked for do not count)."""
    told = subprocess.run(
        ["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True, check=False
    )
    return [line for line in told.stdout.split() if not line.startswith("Z")]
