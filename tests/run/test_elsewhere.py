"""The same content from Ray tasks and in a bucket; the curated set as other libraries load it; the wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import curate
from curate.errors import InputError
from curate.verify import verify

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> curate.Run:
    return curate.run(SAMPLES, tmp_path_factory.mktemp("here") / "out", workers=1)


def test_ray_tasks_give_the_same_content(here: curate.Run, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'tamis[ray]'")
    try:
        run = curate.run(SAMPLES, tmp_path / "out", engine="ray", shard_bytes=20_000)
    finally:
        ray.shutdown()
    assert run.manifest["content"] == here.manifest["content"]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'tamis[s3]'")
    boto3 = pytest.importorskip("boto3")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    url = "http://{}:{}".format(*running.get_host_and_port())
    told = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    told |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": "true"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket="tamis-tests")
    s3fs.S3FileSystem.clear_instance_cache()  # another test's server had another port
    yield "s3://tamis-tests"
    running.stop()


def test_a_bucket_holds_the_same_content_as_a_folder(here: curate.Run, bucket: str) -> None:
    run = curate.run(SAMPLES, f"{bucket}/out", workers=1, shard_bytes=20_000)
    assert run.manifest["content"] == here.manifest["content"]
    assert run.messages.collect().height == run.manifest["counts"]["messages"]
    assert verify(f"{bucket}/out") == []
    assert not run.storage.exists("_work")


def test_logs_in_a_bucket_are_read_as_those_in_a_folder(
    here: curate.Run, bucket: str, tmp_path: Path
) -> None:
    import fsspec

    system = fsspec.filesystem("s3")
    system.put(str(SAMPLES), f"{bucket.removeprefix('s3://')}/logs", recursive=True)
    run = curate.run(f"{bucket}/logs", tmp_path / "out", workers=1, shard_bytes=20_000)
    assert run.manifest["content"] == here.manifest["content"]
    again = curate.run(f"{bucket}/logs/*/*.jsonl", tmp_path / "glob", workers=1)
    assert {one["source"] for one in again.manifest["inputs"]} == {
        "assistant/api-log.jsonl",
        "customer-service/helpdesk.jsonl",
    }
    with pytest.raises(InputError, match=f"input '{bucket}/nothing' does not exist or may not be read"):
        curate.run(f"{bucket}/nothing", tmp_path / "none")


def test_load_dataset_gives_the_curated_chats(
    here: curate.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    loaded = datasets.load_dataset(here.out, split="train", cache_dir=str(tmp_path))
    assert loaded.num_rows == here.manifest["counts"]["kept"]
    first = loaded[0]
    assert set(first["messages"][0]) >= {"role", "content", "weight", "tool_calls"}
    assert first["messages"][0]["role"] in ("system", "user", "assistant")


def test_the_wheel_holds_the_rules_and_neither_samples_nor_tests(tmp_path: Path) -> None:
    line = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-400:]
    (wheel,) = tmp_path.glob("tamis-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "rules/recipes/chat.toml",
        "rules/pii.toml",
        "rules/toxicity/embedded.npz",
        "reports/words_fr.toml",
    ):
        assert name in names
    assert not [name for name in names if name.split("/")[0] in ("samples", "tests", "benchmarks", "docs")]
    # Outside the checkout, with nothing but the wheel on the path, the default recipe runs.
    line = [sys.executable, "-m", "zipfile", "-e", str(wheel), str(tmp_path / "site")]
    subprocess.run(line, check=True)
    chats = [
        {
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello, bob@example.com"},
            ]
        }
    ]
    (tmp_path / "log.json").write_text(json.dumps(chats))
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from curate.cli import main; main()"
    line = [sys.executable, "-c", code, "run", "log.json", "--out", "out", "--json", "--quiet"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["kept"] == 1
    assert "<EMAIL_1>" in str(curate.open_run(tmp_path / "out").messages.collect().to_dicts())
