"""`exact_duplicates`: what chat needs of it."""

from __future__ import annotations

import pytest

from curate.errors import RecipeError
from curate.passes.exact_duplicates import ExactDuplicates
from tests.dedup.one_machine import chats, settled

SHORT = ["thanks", "ok", "yes please"]


def test_of_120_short_messages_three_distinct_stay():
    frame = chats([[("user", SHORT[place % 3])] for place in range(120)])
    gone = settled(ExactDuplicates(), frame)
    assert len(gone) == 117
    assert {other for other, _ in gone.values()} == {"000000", "000001", "000002"}


def test_of_120_short_messages_all_stay_by_choice():
    frame = chats([[("user", SHORT[place % 3])] for place in range(120)])
    assert settled(ExactDuplicates(keep_all_below=20), frame) == {}
    assert len(settled(ExactDuplicates(keep_all_below=7), frame)) == 39  # "yes please" has 10 characters


def test_the_first_alive_one_stays():
    frame = chats([[("user", "same")]] * 4)
    gone = settled(ExactDuplicates(), frame, dead={"000000"})
    assert gone == {"000002": ("000001", 1.0), "000003": ("000001", 1.0)}


def test_branches_of_one_tree_are_not_each_others_duplicates():
    frame = chats([[("user", "same")]] * 5, trees=["t", "t", None, "u", "t"])
    assert settled(ExactDuplicates(), frame) == {"000002": ("000000", 1.0), "000003": ("000000", 1.0)}


def test_conversations_in_which_only_the_system_speaks_have_no_duplicates():
    assert settled(ExactDuplicates(), chats([[("system", "Be kind.")]] * 3)) == {}


def test_any_cut_gives_the_same():
    frame = chats([[("user", SHORT[place % 3])] for place in range(30)])
    assert settled(ExactDuplicates(), frame, cuts=[1, 2, 17]) == settled(ExactDuplicates(), frame)


def test_a_negative_number_of_characters_is_refused():
    with pytest.raises(RecipeError, match=r"exact_duplicates.keep_all_below is -1, must be 0 or more"):
        ExactDuplicates(keep_all_below=-1)
