"""`near_duplicates`: what chat needs of it."""

from __future__ import annotations

import random

import polars as pl
import pytest

from curate.errors import RecipeError
from curate.passes.exact_duplicates import ExactDuplicates
from curate.passes.near_duplicates import NearDuplicates
from tests.dedup.corpora import words
from tests.dedup.one_machine import chats, settled

PROMPT = (
    "You are the assistant of Northwind Bank, a retail bank with branches in nine cities. You help customers "
    "with accounts, cards, transfers, loans and the mobile application. You are brief and kind. You "
    "never ask for a password or a full card number, and you never promise a decision of the credit "
    "department. When a customer is upset you say that you understand, once. When you do not know the answer "
    "you say so and give the telephone number of the branch. Answer in the customer's language."
)
BANK = [
    (
        "My card was swallowed by the machine in Main Street.",
        "I have blocked it; a new one takes three days.",
    ),
    ("How do I raise my transfer limit?", "Open Settings, then Limits, and confirm with your key."),
    ("Is the branch at the harbour open on Saturday?", "Yes, from nine until noon."),
    ("I was charged twice for the same lunch.", "The second charge is a reservation that lapses tonight."),
    ("Can I get a statement for my tax office?", "You find it under Documents, Year overview."),
    ("What does a foreign withdrawal cost?", "Two euros and fifty cents, plus the rate of the day."),
    (
        "My father died, what happens to his account?",
        "I am sorry. Please bring the certificate to any branch.",
    ),
    ("The application shows a white screen.", "Please update it to version eight and start it again."),
    ("I want to close my savings account.", "Its balance must be zero; then one click under Close account."),
    ("Do you lend for electric cars?", "Yes, there is a green loan; an adviser can tell you the rate."),
    (
        "Someone called and asked for my code.",
        "That was not us. Please do not give it; I lock the account now.",
    ),
    ("Where do I see my pending payments?", "Under Account, below the balance, in grey."),
]
SHORT = [
    "thanks",
    "what time?",
    "yes please",
    "no, sorry",
    "call me back",
    "ça marche",
    "好的，谢谢",
    "never mind",
]


def test_twelve_bank_chats_under_one_system_prompt_stay_twelve():
    assert len(PROMPT.split()) == 87
    frame = chats([[("system", PROMPT), ("user", asked), ("assistant", said)] for asked, said in BANK])
    assert settled(ExactDuplicates(), frame) == settled(NearDuplicates(), frame) == {}


def test_eight_different_short_messages_stay_eight():
    assert all(len(text.split()) < 5 for text in SHORT)
    frame = chats([[("user", text)] for text in SHORT])
    assert settled(ExactDuplicates(), frame) == settled(NearDuplicates(), frame) == {}


def test_equal_answers_to_different_questions_stay():
    frame = chats(
        [[("user", asked), ("assistant", "Please call the branch in the morning.")] for asked, _ in BANK]
    )
    assert settled(NearDuplicates(), frame) == {}


def test_different_answers_to_one_question_stay():
    frame = chats([[("user", "What should I do about my card?"), ("assistant", said)] for _, said in BANK])
    assert settled(NearDuplicates(), frame) == {}


def test_what_tools_answered_is_a_side_of_its_own():
    rows = [
        f'{{"rate": {place * 37 % 100}, "day": {place * 11}, "place": "{BANK[place][0]}"}}'
        for place in (1, 2)
    ]
    same = [("user", "What is the rate today?"), ("assistant", "Here is what I found for you today.")]
    assert settled(NearDuplicates(), chats([[*same, ("tool", row)] for row in rows])) == {}


def test_an_answer_that_only_one_has_keeps_both():
    asked = ("user", BANK[0][0])
    assert settled(NearDuplicates(), chats([[asked], [asked, ("assistant", "Done.")]])) == {}


LONG = "The parcel left our depot on Monday evening and will be with you on Wednesday before noon."


def test_the_longer_of_two_near_duplicates_stays_and_says_why():
    frame = chats([[("user", LONG)], [("user", LONG + " Bye.")]])
    gone = settled(NearDuplicates(), frame)
    assert list(gone) == ["000000"]
    other, jaccard = gone["000000"]
    assert other == "000001" and 0.9 < jaccard < 1.0
    row = pl.DataFrame({"other": ["c17"], "jaccard": [0.919]})
    assert row.select(NearDuplicates().reason()).item() == "near-duplicate of c17 (jaccard 0.91)"


@pytest.mark.parametrize(
    ("jaccard", "shown"), [(1.0, "1.00"), (0.8, "0.80"), (0.29, "0.29"), (0.7999, "0.79")]
)
def test_evidence_never_shows_more_than_was_measured(jaccard, shown):
    row = pl.DataFrame({"other": ["x"], "jaccard": [jaccard]})
    assert row.select(NearDuplicates().reason()).item() == f"near-duplicate of x (jaccard {shown})"


def test_the_dead_are_no_reason_to_go():
    frame = chats([[("user", LONG)], [("user", LONG + " Bye.")]])
    assert settled(NearDuplicates(), frame, dead={"000001"}) == {}


def test_branches_of_one_tree_are_not_each_others_near_duplicates():
    frame = chats([[("user", LONG)], [("user", LONG + " Bye.")], [("user", LONG + " Hi.")]], ["t", "t", None])
    assert list(settled(NearDuplicates(), frame)) == ["000002"]


def test_exact_copies_are_near_duplicates_too_and_short_ones_stay_by_choice():
    frame = chats([[("user", "thanks a lot")]] * 3)
    assert settled(NearDuplicates(), frame) == {"000001": ("000000", 1.0), "000002": ("000000", 1.0)}
    assert settled(NearDuplicates(keep_all_below=20), frame) == {}


def test_a_moved_limit_needs_no_new_pairs_down_to_the_floor():
    stored = NearDuplicates(limit=0.8)
    assert NearDuplicates(limit=0.7).measured_by(stored)
    assert NearDuplicates(limit=0.95).measured_by(stored)
    assert not NearDuplicates(limit=0.69).measured_by(stored)
    assert not NearDuplicates(limit=0.8, permutations=64).measured_by(stored)
    assert not NearDuplicates(limit=0.8, shared_above=10).measured_by(stored)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limit": 0.3}, "near_duplicates.limit is 0.3, must be from 0.5 to 1"),
        ({"limit": 1.5}, "near_duplicates.limit is 1.5"),
        ({"permutations": 4}, "near_duplicates.permutations is 4, must be from 16 to 1024"),
        ({"shared_above": -1}, "near_duplicates.shared_above is -1, must be 0 or more conversations"),
        ({"keep_all_below": -2}, "near_duplicates.keep_all_below is -2"),
    ],
)
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(RecipeError, match=said.replace(".", r"\.")):
        NearDuplicates(**options)


OPENING = (
    "Hello, you have reached the help desk of Northwind Bank, where your money is in good hands since 1921. "
    "Before we begin, please note that this conversation may be recorded for training. I looked into the "
    "matter that you describe, and this is what I found: "
)


def test_a_shared_opening_does_not_outweigh_what_the_user_asked():
    frame = chats([[("user", asked), ("assistant", OPENING), ("assistant", "Done.")] for asked, _ in BANK])
    assert settled(NearDuplicates(), frame) == {}


def test_a_shared_opening_does_not_outweigh_short_answers_to_one_question():
    draw = random.Random(5)
    answers = [" ".join(words(draw, 4)) for _ in range(60)]
    asked = ("user", "Was my last transfer paid?")
    frame = chats([[asked, ("assistant", OPENING), ("assistant", said)] for said in answers])
    assert len(settled(NearDuplicates(shared_above=0), frame)) > 50
    assert settled(NearDuplicates(), frame) == {}
    assert settled(NearDuplicates(), frame, cuts=[7, 40], partitions=4) == {}


def test_what_a_few_conversations_share_is_evidence():
    draw = random.Random(5)
    asked = ("user", "Was my last transfer paid?")
    frame = chats(
        [[asked, ("assistant", OPENING), ("assistant", " ".join(words(draw, 2)))] for _ in range(50)]
    )
    assert len(settled(NearDuplicates(), frame)) == 49
    assert settled(NearDuplicates(shared_above=49), frame) == {}


def test_copies_of_one_chat_make_nothing_shared():
    chat = [("user", LONG), ("assistant", OPENING), ("user", "My number is 4711.")]
    frame = chats([chat] * 100 + [[*chat[:2], ("user", "My number is 4712.")]])
    assert len(settled(NearDuplicates(), frame)) == 100


def test_a_template_filled_in_by_numbers_still_goes():
    turns = [
        [("user", f"My number is {n}."), ("assistant", OPENING), ("user", LONG)] for n in range(4711, 4811)
    ]
    assert len(settled(NearDuplicates(), chats(turns))) == 99
