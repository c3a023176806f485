"""The laws, on whole runs: conservation, split invariance, fixpoint, identity, crash safety, no leaks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import curate
from curate.runs import Run

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


def chat(name: str, *texts: str, **extra: Any) -> str:
    """A JSON line in OpenAI's form; texts alternate user and assistant."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    return json.dumps({"id": name, "messages": messages, **extra}, ensure_ascii=False)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return curate.run(SAMPLES, tmp_path_factory.mktemp("samples") / "out", workers=1, jsonl=True)


def rows(run: Run) -> pl.DataFrame:
    return run.messages.collect()


def test_every_record_and_every_message_is_accounted_for(samples: Run) -> None:
    counts, table = samples.manifest["counts"], rows(samples)
    assert table.height == counts["messages"]
    assert table["verdict"].null_count() == 0
    quarantined = [json.loads(line) for line in samples.storage.read("quarantine.jsonl").splitlines()]
    assert len(quarantined) == counts["quarantined"] + counts["files_unreadable"]
    conversations = table.filter(pl.col("turn") == 0).height
    assert conversations == counts["conversations"]
    kept = pl.read_parquet(samples.storage.path("curated/part-*.parquet"))
    assert kept.height == counts["kept"]
    assert int(kept["messages"].list.len().sum()) == table.filter(pl.col("verdict") != "drop").height


@pytest.mark.parametrize(("shard_bytes", "workers"), [(1_000, 1), (20_000, 1), (2_000, 2)])
def test_any_cut_and_any_number_of_workers_give_the_same_content(
    samples: Run, tmp_path: Path, shard_bytes: int, workers: int
) -> None:
    other = curate.run(SAMPLES, tmp_path / "out", workers=workers, shard_bytes=shard_bytes)
    assert len(other.storage.names("messages")) > 1
    left, right = rows(samples), rows(other)
    different = [name for name in left.columns if not left[name].equals(right[name], null_equal=True)]
    assert not different
    assert other.manifest["content"] == samples.manifest["content"]


def test_the_order_in_which_files_are_named_changes_nothing(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jsonl").write_text(chat(name, f"Question {name}?", f"Answer {name}.") + "\n")
    files = sorted(tmp_path.glob("*.jsonl"))
    first = curate.run(files, tmp_path / "one", workers=1)
    second = curate.run(files[::-1], tmp_path / "two", workers=1)
    assert first.manifest["content"] == second.manifest["content"]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_curating_the_curated_set_changes_nothing(samples: Run, tmp_path: Path, form: str) -> None:
    folder = tmp_path / "curated"
    folder.mkdir()
    for name in samples.storage.names("curated"):
        if name.endswith(form):
            (folder / Path(name).name).write_bytes(samples.storage.read(name))
    again = curate.run(folder, tmp_path / "out", workers=1)
    counts = again.manifest["counts"]
    assert counts["kept"] == counts["conversations"] == samples.manifest["counts"]["kept"]
    table = rows(again)
    changed = table.filter(pl.col("changed_by").is_not_null())
    assert changed.select("conversation_id", "turn", "changed_by", "text", "original").to_dicts() == []
    left = pl.read_parquet(samples.storage.path("curated/part-*.parquet")).sort("conversation_id")
    right = pl.read_parquet(again.storage.path("curated/part-*.parquet")).sort("conversation_id")
    for name in ("conversation_id", "messages", "tools"):
        assert left[name].equals(right[name], null_equal=True), name


def test_text_without_a_flaw_passes_byte_for_byte(tmp_path: Path) -> None:
    texts = [
        "Thanks, that fixed it!",
        "if a<b and c>d: print(a)",
        "vector<int> v; Map<String, List<Integer>> m",
        "你好，世界！（测试）：“引号”",
        "Elle a dit : « déjà vu » — 100 €, n° 5, ½ tasse, m²",
        "\tdef f(x):\n\t\treturn x  # two  spaces, trailing  \n",
        "I <3 you :-> <_< 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "<|im_start|>user <think>hm</think>",
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(chat(f"c{i}", t, f"Noted {i}.") for i, t in enumerate(texts)))
    table = rows(curate.run(tmp_path / "a.jsonl", tmp_path / "out", workers=1))
    assert table.filter(pl.col("role") == "user")["text"].to_list() == texts
    assert table["changed_by"].null_count() == table.height


def killed_run(inputs: Path, out: Path, after: float, shard_bytes: int) -> bool:
    """Start a run and kill it after some seconds; True where it was still running."""
    code = f"import curate; curate.run({str(inputs)!r}, {str(out)!r}, workers=1, shard_bytes={shard_bytes})"
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    deadline = time.monotonic() + after
    while time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.01)
    if child.poll() is not None:
        return False
    child.send_signal(signal.SIGKILL)
    child.wait()
    return True


def killed_once_written(inputs: Path, out: Path, shards: int, shard_bytes: int) -> bool:
    """Start a run and kill it once so many shards are recorded as done."""
    code = f"import curate; curate.run({str(inputs)!r}, {str(out)!r}, workers=1, shard_bytes={shard_bytes})"
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    while child.poll() is None and len(list((out / "_work" / "sieved").glob("*.json"))) < shards:
        time.sleep(0.005)
    child.kill()
    return child.wait() != 0


def test_a_killed_run_goes_on_to_the_same_content(samples: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert killed_once_written(SAMPLES, out, 2, 4_000)
    assert not (out / "manifest.json").exists()
    done = {p.name: p.stat().st_mtime_ns for p in (out / "_work" / "sieved").glob("*.json")}
    again = curate.run(SAMPLES, out, workers=1, shard_bytes=4_000)
    assert done
    assert again.manifest["content"] == samples.manifest["content"]
    assert not (out / "_work").exists()


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0])
def test_a_run_killed_at_any_moment_goes_on_to_the_same_content(
    samples: Run, tmp_path: Path, after: float
) -> None:
    out = tmp_path / "out"
    killed_run(SAMPLES, out, after, 4_000)
    again = curate.run(SAMPLES, out, workers=1, shard_bytes=4_000)
    assert again.manifest["content"] == samples.manifest["content"]


EMAIL, PHONE, AUTHOR = "zephirine.quux@exemple.fr", "06 39 98 12 34", "Zéphirine Quuxerelle"


def planted(folder: Path) -> Path:
    """Logs with an e-mail, a phone number and an author's name in every place where one can stand."""
    folder.mkdir()
    messages = [
        {"role": "user", "name": AUTHOR, "content": f"Bonjour, {AUTHOR}, {EMAIL} ou {PHONE}."},
        {"role": "assistant", "content": f"Merci {AUTHOR.split()[0]}, je note {EMAIL}."},
    ]
    noted = {"note": f"client {AUTHOR} {EMAIL}", "tel": PHONE, "deep": [{"x": f"mailto:{EMAIL}"}]}
    lines = [
        json.dumps({"id": f"t-{EMAIL}", "messages": messages, **noted}),
        json.dumps({"id": f"t-{AUTHOR}", "messages": messages}, ensure_ascii=False),
        '{"id": "x", "messages": [{"role": "user", "content": "' + f"{EMAIL} {PHONE}",
        json.dumps({"id": "early", "messages": [*messages, {"role": "assistant", "content": "spam " * 400}]}),
    ]
    (folder / f"{EMAIL}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    rows_ = (
        "conversation_id;author;role;text\n"
        + f"9;{AUTHOR};user;Appelez le {PHONE}\n9;Bot;assistant;Entendu.\n"
    )
    (folder / f"discussion avec {AUTHOR}.csv").write_text(rows_, "utf-8")
    (folder / f"notes {EMAIL}.md").write_text(f"Only notes, {PHONE}.\n", "utf-8")
    return folder


def found_in(folder: Path) -> list[str]:
    """Files, and names of files, in which a planted value stands."""
    forms = (EMAIL, PHONE, PHONE.replace(" ", ""), AUTHOR, AUTHOR.split()[1], EMAIL.split("@")[0])
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        told = path.read_bytes()
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            told += str(frame.to_dicts()).encode()
            told += str(pl.read_parquet_metadata(path)).encode()
        for form in forms:
            if (
                form.encode() in told
                or json.dumps(form)[1:-1].encode() in told
                or form in str(path.relative_to(folder))
            ):
                found.append(f"{path.relative_to(folder)}: {form}")
    return found


def test_planted_private_data_is_in_no_file_of_the_output(tmp_path: Path) -> None:
    run = curate.run(planted(tmp_path / "logs"), tmp_path / "out", workers=1, jsonl=True)
    import reports

    reports.write(run.out)
    assert run.manifest["counts"]["conversations"] == 4
    assert found_in(tmp_path / "out") == []


def test_planted_private_data_is_in_no_file_of_a_killed_run(tmp_path: Path) -> None:
    logs, out = planted(tmp_path / "logs"), tmp_path / "out"
    for number in range(40):
        (logs / f"more{number}.jsonl").write_text(
            "\n".join(chat(f"m{number}-{i}", f"{AUTHOR} {number} {i}: {EMAIL}", "Oui.") for i in range(20)),
            "utf-8",
        )
    assert killed_once_written(logs, out, 3, 500)
    forms = [line for line in found_in(out) if AUTHOR.split()[1] not in line or "more" not in line]
    assert [line for line in forms if EMAIL in line or "06" in line] == []


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(words, min_size=1, max_size=4), min_size=1, max_size=6))
def test_any_texts_come_through_whole_and_twice_is_once(
    tmp_path_factory: pytest.TempPathFactory, conversations: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    lines = "\n".join(chat(f"c{i}", *texts) for i, texts in enumerate(conversations))
    (folder / "logs.jsonl").write_text(lines, "utf-8", newline="")
    once = curate.run(folder / "logs.jsonl", folder / "once", workers=1)
    counts = once.manifest["counts"]
    assert counts["records"] == counts["conversations"] + counts["quarantined"] == len(conversations)
    if counts["kept"]:
        twice = curate.run(folder / "once" / "curated", folder / "twice", workers=1)
        assert twice.manifest["counts"]["kept"] == counts["kept"]
        assert rows(twice)["changed_by"].drop_nulls().to_list() == []
