"""What is held out: whole clusters, by a seed, before curation had a say."""

# ruff: noqa: E402 (imports stand after the check that pyarrow is there)
from __future__ import annotations

from pathlib import Path

import pytest

pyarrow = pytest.importorskip("pyarrow", reason="training reads Parquet with pyarrow")

from pyarrow import parquet

from train.errors import ConfigError, DataError
from train.split import Split, pair_files, split


def written(
    out: Path, contents: list[int], pairs: list[tuple[int, int]] | None, trees: dict[int, int]
) -> Path:
    """The files that a run leaves of its conversations and of its near pairs."""
    (out / "pairs" / "conversations").mkdir(parents=True)
    rows = [
        {
            "id": n,
            "conversation_id": f"c{n}",
            "tree": trees.get(n, 0),
            "content": content,
            "content_check": content,
        }
        for n, content in enumerate(contents)
    ]
    table = pyarrow.Table.from_pylist(rows)
    parquet.write_table(table, out / "pairs" / "conversations" / "part-00000.parquet")
    if pairs is not None:
        told = [{"a": a, "b": b, "jaccard": 0.7} for a, b in pairs]
        parquet.write_table(pyarrow.Table.from_pylist(told), out / "pairs" / "near_duplicates.parquet")
    return out


def ids(*numbers: int) -> set[str]:
    return {f"c{number}" for number in numbers}


def test_what_is_near_lies_on_one_side_and_one_of_it_is_scored(tmp_path: Path) -> None:
    out = written(tmp_path, [*range(1, 41), 5, 6], [(0, 1), (1, 2)], {10: 3, 11: 3})
    for seed in range(20):
        made = split(out, 0.5, seed)
        for together in (ids(0, 1, 2), ids(4, 40), ids(5, 41), ids(10, 11)):
            assert together <= made.away or not together & made.away
            assert len(together & made.scored) == bool(together & made.away)
    assert made.clusters == 42 - 2 - 2 - 1


def test_the_same_seed_chooses_the_same_and_another_seed_others(tmp_path: Path) -> None:
    out = written(tmp_path, list(range(1, 101)), [(0, 1)], {})
    first, again, other = split(out, 0.2, 0), split(out, 0.2, 0), split(out, 0.2, 1)
    assert first == again and first.away != other.away
    assert len(first.scored) == 20


def test_the_choice_hangs_on_what_is_said_and_not_on_order(tmp_path: Path) -> None:
    contents = list(range(1, 61))
    ahead = split(written(tmp_path / "a", contents, [(0, 1)], {}), 0.2, 0)
    back = split(written(tmp_path / "b", contents[::-1], [(58, 59)], {}), 0.2, 0)

    def said(made: Split, told: list[int]) -> set[int]:
        return {told[int(name[1:])] for name in made.away}

    assert said(ahead, contents) == said(back, contents[::-1])


def test_it_is_kept_beside_the_pairs_with_its_seed(tmp_path: Path) -> None:
    out = written(tmp_path, list(range(1, 31)), [(0, 1)], {})
    made = split(out, 0.2, 7)
    kept = parquet.read_table(out / "pairs" / "split" / "seed-7.parquet")
    assert kept.schema.metadata[b"seed"] == b"7"
    held = {row["conversation_id"] for row in kept.to_pylist() if row["held_out"]}
    scored = {row["conversation_id"] for row in kept.to_pylist() if row["scored"]}
    assert held == made.away and scored == made.scored


def test_a_run_without_stored_pairs_says_so(tmp_path: Path) -> None:
    made = split(written(tmp_path, [1, 2, 2, *range(3, 30)], None, {}), 0.3)
    assert not made.stored_pairs
    assert len(ids(1, 2) & made.away) in (0, 2)


def test_tables_of_other_passes_are_no_pairs(tmp_path: Path) -> None:
    out = written(tmp_path, [1, 2, 3], [(0, 1)], {})
    parquet.write_table(pyarrow.table({"id": [1], "group": ["x"]}), out / "pairs" / "balance.parquet")
    assert [path.name for path in pair_files(out)] == ["near_duplicates.parquet"]


def test_one_text_does_not_fill_what_is_held_out(tmp_path: Path) -> None:
    out = written(tmp_path, [7] * 50 + list(range(100, 120)), [], {})
    assert not split(out, 0.3).away & ids(*range(50))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_that_is_none_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(ConfigError, match="--held-out"):
        split(tmp_path, share)


def test_where_there_is_no_run_the_next_step_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="curate run"):
        split(tmp_path)


def test_a_swapped_copy_lies_on_its_originals_side(tmp_path: Path) -> None:
    out = written(tmp_path, list(range(1, 31)), [], {})
    copies = [
        {"id": 30 + n, "conversation_id": f"c{n}~gender", "tree": 0, "content": 0, "content_check": 0}
        | {"augmented_from": f"c{n}"}
        for n in range(30)
    ]
    parquet.write_table(
        pyarrow.Table.from_pylist(copies), out / "pairs" / "conversations" / "part-copies-00000.parquet"
    )
    for seed in range(5):
        made = split(out, share=0.3, seed=seed)
        assert made.clusters == 30
        assert {f"{one}~gender" for one in made.away if "~" not in one} == {
            one for one in made.away if "~" in one
        }
        assert made.away
