"""Who stays: laws, and the answer of a plain reference on small random cases."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dedup.settling import settle_exact, settle_near

KINDS = {"id": pl.UInt64, "alive": pl.Boolean, "tree": pl.UInt64, "content": pl.UInt64}
KINDS |= {"content_check": pl.UInt64, "characters": pl.UInt32}


@st.composite
def runs(draw):
    """Conversations over a few contents and trees, and pairs between contents by their first ids."""
    number = draw(st.integers(1, 12))
    contents = draw(st.lists(st.integers(0, 6), min_size=number, max_size=number))
    trees = draw(st.lists(st.integers(0, 2), min_size=number, max_size=number))
    alive = draw(st.lists(st.booleans(), min_size=number, max_size=number))
    sizes = draw(st.lists(st.integers(1, 4), min_size=7, max_size=7))
    ids = [3 * place + (place > number // 2) * 2**32 for place in range(number)]
    rows = [ids, alive, trees, contents, contents, [sizes[content] for content in contents]]
    table = pl.DataFrame(dict(zip(KINDS, rows, strict=True)), schema=KINDS)
    firsts = {content: ids[contents.index(content)] for content in set(contents) - {0}}
    pairs = []
    for one in firsts.values():
        for two in firsts.values():
            if one < two and draw(st.booleans()):
                pairs.append((one, two, draw(st.sampled_from([0.7, 0.8, 0.85, 0.9]))))
    schema = {"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64}
    return pl.DataFrame(pairs, schema=schema, orient="row"), table


def likeness(pairs, table):
    """Jaccard by pair of contents."""
    content = dict(table.select("id", "content").iter_rows())
    known = {(content[a], content[b]): jaccard for a, b, jaccard in pairs.iter_rows()}
    return known | {(two, one): jaccard for (one, two), jaccard in known.items()}


def plain_settle(pairs, table, limit, keep_all_below):
    known, kept, gone = likeness(pairs, table), [], {}
    rows = [row for row in table.iter_rows(named=True) if row["alive"] and row["content"]]
    for row in sorted(rows, key=lambda row: (-row["characters"], row["id"])):
        rivals = []
        for place, other in enumerate(kept):
            same = other["content"] == row["content"]
            alike = 1.0 if same else known.get((other["content"], row["content"]), 0.0)
            if alike >= limit and (row["tree"] == 0 or row["tree"] != other["tree"]):
                rivals.append((not same, -alike, place))
        if rivals and row["characters"] >= keep_all_below:
            _, alike, place = min(rivals)
            gone[row["id"]] = (kept[place]["id"], -alike)
        else:
            kept.append(row)
    return gone


def as_dict(settled):
    assert settled["id"].is_sorted()
    return {one: (other, jaccard) for one, other, jaccard in settled.iter_rows()}


@settings(deadline=None)
@given(runs(), st.sampled_from([0.75, 0.8, 0.9]), st.sampled_from([0, 3]))
def test_near_duplicates_settle_as_the_plain_rule_says(run, limit, keep_all_below):
    pairs, table = run
    answer = as_dict(settle_near(pairs, table, limit, keep_all_below))
    assert answer == plain_settle(pairs, table, limit, keep_all_below)


@settings(deadline=None)
@given(runs(), st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(run, random):
    pairs, table = run
    order = list(range(table.height))
    random.shuffle(order)
    shuffled = settle_near(pairs.reverse(), table[order], 0.8)
    assert as_dict(shuffled) == as_dict(settle_near(pairs, table, 0.8))


@settings(deadline=None)
@given(runs())
def test_whoever_goes_has_one_that_stays_at_the_limit_and_of_another_tree(run):
    pairs, table = run
    known = likeness(pairs, table)
    rows = {row["id"]: row for row in table.iter_rows(named=True)}
    answer = as_dict(settle_near(pairs, table, 0.8))
    for one, (other, jaccard) in answer.items():
        assert rows[other]["alive"]
        assert other not in answer
        same = rows[one]["content"] == rows[other]["content"]
        assert jaccard == (1.0 if same else known[rows[one]["content"], rows[other]["content"]])
        assert jaccard >= 0.8
        assert rows[one]["tree"] == 0 or rows[one]["tree"] != rows[other]["tree"]


@settings(deadline=None)
@given(runs(), st.sampled_from([0, 3]))
def test_exact_duplicates_settle_as_pairs_of_equal_content_would_by_id(run, keep_all_below):
    _, table = run
    empty = pl.DataFrame(schema={"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64})
    answer = as_dict(settle_exact(table, keep_all_below))
    gone = set(plain_settle(empty, table, 0.8, keep_all_below))
    assert set(answer) == gone
    for one, (other, jaccard) in answer.items():
        assert other < one and other not in gone and jaccard == 1.0


def test_a_chain_does_not_remove_its_far_end():
    ids = [1, 2, 3]
    rows = [ids, [True] * 3, [0] * 3, ids, ids, [30, 20, 10]]
    table = pl.DataFrame(dict(zip(KINDS, rows, strict=True)), schema=KINDS)
    pairs = pl.DataFrame({"a": [1, 2], "b": [2, 3], "jaccard": [0.9, 0.9]}).cast(
        {"a": pl.UInt64, "b": pl.UInt64}
    )
    assert as_dict(settle_near(pairs, table, 0.8)) == {2: (1, 0.9)}


def test_no_conversations_settle_to_none():
    table = pl.DataFrame(schema=KINDS)
    empty = pl.DataFrame(schema={"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64})
    assert settle_near(empty, table, 0.8).height == settle_exact(table).height == 0


def test_pairs_of_ids_that_are_not_in_the_table_say_nothing():
    table = pl.DataFrame(
        dict(zip(KINDS, [[1, 5], [True] * 2, [0] * 2, [1, 2], [1, 2], [9, 8]], strict=True)), KINDS
    )
    pairs = pl.DataFrame({"a": [1, 1], "b": [4, 9], "jaccard": [0.9, 0.9]})
    pairs = pairs.cast({"a": pl.UInt64, "b": pl.UInt64})
    assert settle_near(pairs, table, 0.8).height == 0
    assert settle_near(pairs, table.clear(), 0.8).height == 0
