"""Who imports whom, and what stays unimported until it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "passes": {"recipe", "sieve", "settle", "mark", "stages", "runs", "cli", "readers"},
    "readers": {"recipe", "sieve", "settle", "mark", "stages", "runs", "cli", "passes", "engine"},
    "dedup": {"recipe", "sieve", "settle", "mark", "stages", "runs", "cli", "readers"},
    "kernels": {"recipe", "sieve", "settle", "mark", "stages", "runs", "cli", "readers", "passes", "dedup"},
    "engine": {"recipe", "sieve", "settle", "mark", "stages", "runs", "cli", "readers"},
}
HEAVY = ("torch", "transformers", "detoxify")


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    """Modules that a file imports; those inside functions left out on request."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree)
    if top_level_only:
        nodes = (n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom))  # type: ignore[assignment]
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files(package: str) -> list[Path]:
    place = ROOT / "curate" / package
    return sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_imports_go_one_way(package: str) -> None:
    for path in files(package):
        wrong = {
            m
            for m in imports(path, True)
            for layer in FORBIDDEN[package]
            if f"{m}.".startswith(f"curate.{layer}.")
        }
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_reports_take_only_the_schema_from_curate() -> None:
    for path in sorted((ROOT / "reports").rglob("*.py")):
        wrong = {m for m in imports(path) if m.startswith("curate") and m not in ("curate", "curate.schema")}
        wrong -= {m for m in wrong if m.startswith("curate.schema.")}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_torch_is_imported_only_inside_functions_of_curate() -> None:
    for path in sorted((ROOT / "curate").rglob("*.py")):
        wrong = {m for m in imports(path, True) if m.split(".")[0] in HEAVY}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)} at its top"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["why", "--help"]])
def test_help_imports_neither_polars_nor_torch(arguments: list[str]) -> None:
    code = (
        f"import sys; sys.argv = ['curate', *{arguments!r}]\n"
        "from curate.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = [m for m in ('polars', 'torch', 'transformers', 'numpy', 'numba') if m in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Example: curate" in done.stdout
