"""What several tests of train/ start from."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A curated run of invented logs."""
    pytest.importorskip("polars", reason="curation needs Polars")
    from curate import runs
    from train import invented

    place = tmp_path_factory.mktemp("curated")
    logs = invented.write(place / "logs.jsonl", 130)
    runs.run([str(logs)], str(place / "out"), workers=1)
    return place / "out"
