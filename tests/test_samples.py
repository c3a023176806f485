"""samples/ is what its maker writes, and holds what its README says."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks import make_samples
from benchmarks.sample_source import read_chats, write_out

ROOT = Path(make_samples.__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
PLANTED: list[dict[str, Any]] = json.loads((ROOT / "tests/cases/planted.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    make_samples.main(root)
    return root


def content(path: Path) -> object:
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize("name", [*make_samples.FILES, "README.md"])
def test_committed_sample_is_what_the_maker_writes(name: str, written: Path) -> None:
    assert content(SAMPLES / name) == content(written / "samples" / name)


def test_committed_list_of_flaws_is_what_the_maker_writes(written: Path) -> None:
    assert content(ROOT / "tests/cases/planted.json") == content(written / "tests/cases/planted.json")


def test_samples_hold_nothing_that_the_maker_does_not_write() -> None:
    there = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()}
    assert there == {*make_samples.FILES, "README.md"}


def whole_text(name: str) -> str:
    """Everything that stands in a sample, as one text with its line ends as they are."""
    path = SAMPLES / name
    if path.suffix == ".parquet":
        return json.dumps(pl.read_parquet(path).to_dicts(), ensure_ascii=False)
    if path.suffix == ".xlsx":
        from python_calamine import CalamineWorkbook

        return repr(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode("cp1252" if name.endswith("export-excel.csv") else "utf-8")


@pytest.mark.parametrize("flaw", PLANTED, ids=lambda flaw: f"{Path(flaw['file']).name}-{flaw['record']}")
def test_planted_value_stands_in_its_file(flaw: dict[str, Any]) -> None:
    text = whole_text(flaw["file"])
    for value in flaw.get("gone", []):
        assert value in text or json.dumps(value)[1:-1] in text
    assert flaw["outcome"] in {
        *("changed", "unchanged", "kept", "distinct"),
        *("flagged", "masked", "dropped", "quarantined"),
    }


def test_there_are_about_150_conversations_in_eight_formats() -> None:
    told = sum(len(read_chats(path)) for path in (ROOT / "benchmarks/sample_texts").glob("*.txt"))
    assert 140 <= told <= 170
    assert len({"".join(Path(name).suffixes) for name in make_samples.FILES}) >= 6


def test_csv_is_cp1252_and_cannot_be_taken_for_utf8() -> None:
    raw = (SAMPLES / "customer-service/export-excel.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    rows = list(csv.DictReader(raw.decode("cp1252").splitlines(), delimiter=";"))
    assert {row["Rôle"] for row in rows} == {"Client", "Conseiller"}
    tickets = [row["Ticket"] for row in rows]
    assert sorted(tickets) != tickets, "rows of different tickets must be interleaved"


def test_private_values_are_reserved_for_fiction_or_published_tests() -> None:
    """No address outside the example domains, no number outside the reserved ranges."""
    text = "\n".join(whole_text(name) for name in make_samples.FILES)
    domains = set(re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text))
    assert domains <= {"example.com", "exemple.fr"}
    phones = re.findall(r"\b0[1-9](?: \d\d){4}\b", text)
    assert phones
    assert all(phone.startswith(("01 99 00", "06 39 98")) for phone in phones)
    assert all("555-01" in found for found in re.findall(r"\+1 \d{3}-\d{3}-\d{4}", text))


@pytest.mark.parametrize(
    ("written_as", "expected"),
    [
        ("a{{ZWSP}}b", "a\u200bb"),
        ("{{MOJIBAKE:café}}", "cafÃ©"),
        ("{{MOJIBAKE:It’s}}", "Itâ€™s"),
        ("{{TAGS:hi}}", "\U000e0068\U000e0069"),
        ("no stand-in {here}", "no stand-in {here}"),
    ],
)
def test_stand_ins_of_the_source_texts_are_written_out(written_as: str, expected: str) -> None:
    assert write_out(written_as) == expected


@pytest.fixture(scope="module")
def sieved(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Every message of samples/ after the default recipe, with its verdict."""
    import curate

    out = tmp_path_factory.mktemp("run") / "out"
    return curate.run([str(SAMPLES)], str(out)).messages.collect()


def of_flaw(sieved: pl.DataFrame, flaw: dict[str, Any]) -> pl.DataFrame:
    """The conversation in which the flaw was planted, all its branches."""
    name = flaw["conversation_id"]
    own = pl.col("conversation_id").str.split("~").list.first() == pl.lit(name)
    same = pl.col("record") == flaw["record"] if name is None else own
    return sieved.filter(same & (pl.col("source") == flaw["file"]))


@pytest.mark.parametrize(
    "flaw",
    [flaw for flaw in PLANTED if flaw["outcome"] != "quarantined"],
    ids=lambda flaw: f"{Path(flaw['file']).name}-{flaw['record']}-{flaw['outcome']}",
)
def test_default_recipe_does_with_each_flaw_what_the_readme_says(
    sieved: pl.DataFrame, flaw: dict[str, Any]
) -> None:
    rows = of_flaw(sieved, flaw)
    assert rows.height
    meant = rows.filter(pl.col("turn") == flaw["turn"]) if "turn" in flaw else rows
    by = [(one or "").split() for one in meant["changed_by"]]
    verdicts, decided = set(rows["verdict"]), set(rows["decided_by"])
    held = {
        "changed": all(flaw["by"] in one for one in by) and "drop" not in verdicts,
        "unchanged": not any(flaw["by"] in one for one in by) and verdicts == {"keep"},
        "kept": verdicts == {"keep"} and flaw["by"] not in " ".join(rows["flags"].drop_nulls()),
        "distinct": "drop" not in verdicts,
        "flagged": all(flaw["by"] in (one or "").split() for one in meant["flags"]),
        "masked": "mask" in verdicts and "drop" not in verdicts,
        "dropped": verdicts == {"drop"} and decided == {flaw["by"]},
    }
    assert held[flaw["outcome"]], f"{verdicts} by {decided}, changed by {by}"
    said = "\n".join(meant["text"])
    assert not [value for value in flaw.get("gone", []) if value in "\n".join(rows["text"])]
    assert not [value for value in flaw.get("stays", []) if value not in said]


def test_the_twelve_chats_under_one_system_message_stay_twelve(sieved: pl.DataFrame) -> None:
    bank = sieved.filter(pl.col("source").str.ends_with("bank.parquet"))
    assert bank.filter(pl.col("verdict") == "keep")["conversation_id"].n_unique() == 12


def test_good_material_is_kept(sieved: pl.DataFrame) -> None:
    """Nothing is dropped, masked or quarantined beyond what the README names."""
    against = sieved.filter(pl.col("verdict") != "keep").select("source", "conversation_id").unique()
    named = [flaw for flaw in PLANTED if flaw["outcome"] in ("dropped", "masked", "distinct")]
    for source, name in against.iter_rows():
        rows = sieved.filter((pl.col("source") == source) & (pl.col("conversation_id") == name))
        assert any(of_flaw(rows, flaw).height for flaw in named), (source, name)


@pytest.mark.parametrize("name", ["chat", "support", "assistant", "marketing"])
def test_shipped_recipe_is_sound(name: str) -> None:
    from curate.check import check
    from curate.recipe import load

    assert check(load(name)) == []
