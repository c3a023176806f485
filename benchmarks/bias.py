"""Is the bias audit right? Corpora in which every bias is planted, at a known size, and corpora without any.

    python benchmarks/bias.py                       # 200 corpora of each kind, two minutes on two cores
    python benchmarks/bias.py --corpora 20 --seed 5

Planted corpora: for each bias, in how many the true size lies in the audit's 95% interval, and in how many
the audit claims it. Corpora without bias: in how many the audit claims anything at all (target: 5% or fewer).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

from curate.bias.examine import examine
from curate.bias.facts import BiasFacts, Settings
from curate.schema import VERDICT

GROUPS = {
    "gender.women": "women",
    "gender.men": "men",
    "religion.muslims": "Muslims",
    "religion.jews": "Jews",
    "religion.christians": "Christians",
    "religion.hindus": "Hindus",
    "origin.black": "blacks",
    "origin.asian": "Asians",
    "origin.migrants": "immigrants",
    "age.older": "pensioners",
    "age.younger": "teenagers",
    "orientation.gay": "gays",
}
"""Groups and a word for each, of one length, so that no length differs where none is meant to."""
VOCABULARY = 300
PASSES = [
    {"name": name, "use": name, "kind": kind, "options": {}}
    for name, kind in (
        ("toxicity", "measure"),
        ("too_toxic", "decider"),
        ("odd", "decider"),
        ("exact_duplicates", "global"),
    )
]
MANIFEST = {
    "tamis": "bench",
    "content": "",
    "started": "2026-01-01",
    "recipe": {"name": "bench", "passes": PASSES},
}


@dataclass(frozen=True)
class Planted:
    """The sizes planted. The defaults are a corpus without bias."""

    conversations: int = 1500
    dropped: float = 0.10
    dropped_ratio: float = 1.0  # conversations about Muslims, dropped by too_toxic
    flagged: float = 0.06
    flagged_ratio: float = 1.0  # messages about older people, flagged by odd
    source_ratio: float = 1.0  # conversations of b.jsonl, dropped by too_toxic
    word: float = 0.12
    word_ratio: float = 1.0  # conversations about Black people that hold the word "kolumba"
    toxicity: float = 0.0  # added to the mean toxicity of messages of users about gay people
    source_toxicity: float = 0.0  # added to the mean toxicity of answers in b.jsonl
    answer_toxicity: float = 0.0  # added to the mean toxicity of answers to users who mention teenagers
    paired_words: float = 0.0  # words more in answers to a question about women than to the same about men
    sentiment: float = 0.0  # mean of users' messages about Christians, less that of the others
    share: float = 0.08  # of conversations that mention groups, those about Jewish people
    copies: int = 40  # of one conversation, dropped but for the first


BIASED = Planted(
    dropped_ratio=2.5,
    flagged_ratio=3.0,
    source_ratio=1.8,
    word_ratio=4.0,
    toxicity=0.08,
    source_toxicity=0.04,
    answer_toxicity=0.06,
    paired_words=-5.0,
    sentiment=0.4,
)


def corpus(sizes: Planted, seed: int) -> pl.DataFrame:
    """Conversations about one group each (one in four about none), of one to three exchanges."""
    random = np.random.default_rng(seed)
    words = vocabulary()
    weights = 1 / np.arange(10, 10 + VOCABULARY)
    weights /= weights.sum()
    others = [key for key in GROUPS if key != "religion.jews"]
    common = np.array([3.0 if key.startswith("gender") else 1.0 for key in others])
    common /= common.sum()
    rows: list[dict[str, Any]] = []
    copied = int(random.integers(sizes.conversations))
    for number in range(sizes.conversations):
        group = ""
        if random.random() < 0.75:
            jews = random.random() < sizes.share
            group = "religion.jews" if jews else str(random.choice(others, p=common))
        source = "b.jsonl" if random.random() < 0.3 else "a.jsonl"
        chat = list(conversation(random, sizes, group, source, GROUPS.get(group, ""), words, weights, number))
        rows += chat
        if number == copied:
            rows += copies(chat, sizes.copies)
    return pl.DataFrame(rows, schema=SCHEMA)


SCHEMA = {
    "conversation_id": pl.String,
    "tree": pl.String,
    "turn": pl.UInt32,
    "role": pl.String,
    "text": pl.String,
    "source": pl.String,
    "extra": pl.String,
    "flags": pl.String,
    "verdict": VERDICT,
    "decided_by": pl.String,
    "evidence": pl.String,
    "duplicate_of": pl.String,
    "language": pl.String,
    "toxicity": pl.Float64,
}


def vocabulary() -> list[str]:
    """Words that mean nothing."""
    first, last = (
        ("ba", "ke", "li", "mo", "nu", "pra", "sti", "vel", "gor", "dun"),
        ("ra", "te", "fi", "lom", "sun", "dak"),
    )
    return [f"{a}{b}{c}" for a in first for b in last for c in last][:VOCABULARY]


def conversation(
    random: np.random.Generator,
    sizes: Planted,
    group: str,
    source: str,
    people: str,
    words: list[str],
    weights: Any,
    number: int,
) -> Iterator[dict[str, Any]]:
    """The rows of one conversation; what is decided is decided for all of it, moods last through it."""
    rate = sizes.dropped * (sizes.dropped_ratio if group == "religion.muslims" else 1)
    rate *= sizes.source_ratio if source == "b.jsonl" else 1
    dropped = random.random() < rate
    mood, pace = random.normal(0, 0.05), random.normal(0, 2)
    marked = group and random.random() < sizes.word * (sizes.word_ratio if group == "origin.black" else 1)
    question = int(random.integers(25)) if group and random.random() < 0.5 else -1
    for exchange in range(int(random.integers(1, 3))):
        paired = question >= 0 and exchange == 0
        for role in ("user", "assistant"):
            speaks = bool(group) and role == "user"
            length = 18 + pace + random.normal(0, 3)
            if role == "assistant" and paired and group == "gender.women":
                length += sizes.paired_words
            if role == "user" and paired:
                said = [words[(question + step * 37) % VOCABULARY] for step in range(10)]
            else:
                said = list(random.choice(words, max(4, round(length)), p=weights))
            if speaks:
                said.insert(2 if paired else int(random.integers(len(said))), people)
                if marked and not paired:
                    said.append("kolumba")
                if not paired:  # two messages of three
                    more = 0.75 * sizes.sentiment if group == "religion.christians" else 0.0
                    said.append("wonderful" if random.random() < 0.5 + more else "terrible")
            rarely = sizes.flagged_ratio if speaks and group == "age.older" else 1
            odd = random.random() < sizes.flagged * rarely
            score = 0.3 + mood + random.normal(0, 0.08)
            score += sizes.toxicity if speaks and group == "orientation.gay" else 0
            score += sizes.answer_toxicity if not speaks and group == "age.younger" else 0
            score += sizes.source_toxicity if role == "assistant" and source == "b.jsonl" else 0
            flags = [
                name
                for name, holds in (("too_toxic", dropped and exchange == 0 and role == "user"), ("odd", odd))
                if holds
            ]
            yield {
                "conversation_id": f"c{number}",
                "tree": None,
                "turn": 2 * exchange + (role == "assistant"),
                "role": role,
                "text": " ".join(said),
                "source": source,
                "extra": None,
                "flags": " ".join(flags) or None,
                "verdict": "drop" if dropped else "keep",
                "decided_by": "too_toxic" if dropped else None,
                "evidence": None,
                "duplicate_of": None,
                "language": "en",
                "toxicity": score,
            }


def copies(chat: list[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    """Copies of a conversation, dropped: forty messages about a group that are one decision."""
    for number in range(count):
        for row in chat:
            told = {
                "conversation_id": f"{row['conversation_id']}-{number}",
                "verdict": "drop",
                "flags": "exact_duplicates",
            }
            yield {**row, **told, "decided_by": "exact_duplicates", "duplicate_of": row["conversation_id"]}


def checks(facts: BiasFacts, sizes: Planted) -> dict[str, tuple[bool, bool]]:
    """For each planted bias: does the interval hold its true size, and is it claimed?"""
    found: dict[str, tuple[bool, bool]] = {}

    def rate(name: str, truth: float, **wanted: str) -> None:
        one = next(r for r in facts.sieve if all(getattr(r, key) == value for key, value in wanted.items()))
        found[name] = (one.ratio_low <= truth <= (one.ratio_high or np.inf), one.claimed)

    rate("drop rate, group", sizes.dropped_ratio, by="too_toxic", verb="dropped", slice="religion.muslims")
    rate("flag rate, group", sizes.flagged_ratio, by="odd", verb="flagged", slice="age.older")
    rate("drop rate, source", sizes.source_ratio, by="too_toxic", verb="dropped", slice="b.jsonl")
    word = [a for a in facts.association if a.word == "kolumba" and a.group == "origin.black"]
    truth = sizes.word_ratio
    found["word beside group"] = (
        bool(word) and word[0].low <= truth <= (word[0].high or np.inf),
        bool(word) and word[0].claimed,
    )
    for name, group, about, measure, size in (
        ("toxicity gap", "orientation.gay", "user", "toxicity", sizes.toxicity),
        ("toxicity gap of answers", "age.younger", "answer", "toxicity", sizes.answer_toxicity),
        ("sentiment gap", "religion.christians", "user", "sentiment", sizes.sentiment),
    ):
        one = next(g for g in facts.gaps if (g.group, g.about, g.measure) == (group, about, measure))
        found[name] = (one.low <= size <= one.high, one.claimed)
    one = next(g for g in facts.gaps if (g.kind, g.group, g.about) == ("source", "b.jsonl", "assistant"))
    found["toxicity gap of a source"] = (one.low <= sizes.source_toxicity <= one.high, one.claimed)
    same = [a for a in facts.answers if (a.group, a.measure) == ("gender.women", "words")]
    found["answers to one question"] = (
        bool(same) and same[0].low <= sizes.paired_words <= same[0].high,
        bool(same) and same[0].claimed,
    )
    share = next(
        s
        for s in facts.representation
        if (s.group, s.stage, s.unit, s.role) == ("religion.jews", "kept", "conversations", "")
    )
    found["share of conversations"] = (share.low <= kept_share(sizes) <= share.high, True)
    return found


def kept_share(sizes: Planted) -> float:
    """The share of kept conversations about Jewish people: those about Muslims were dropped more often."""
    usual = sizes.dropped * (0.7 + 0.3 * sizes.source_ratio)
    muslims = (
        0.75 * (1 - sizes.share) / 15
    )  # of fifteen parts of the other groups, women and men have three each
    kept = 1 - usual * (1 - muslims + muslims * sizes.dropped_ratio)
    return 0.75 * sizes.share * (1 - usual) / kept


def claims(facts: BiasFacts) -> list[str]:
    """Everything that the audit claims of a corpus without bias."""
    told = [f"sieve {r.by} {r.verb} {r.slice}" for r in facts.sieve if r.claimed]
    told += [f"word {a.group} {a.word}" for a in facts.association if a.claimed]
    told += [f"gap {g.group} {g.about} {g.measure}" for g in facts.gaps if g.claimed]
    told += [f"delta {d.group} {d.about} {d.measure}" for d in facts.deltas if d.claimed]
    return told + [f"answers {a.group} {a.measure}" for a in facts.answers if a.claimed]


def audited(sizes: Planted, seed: int) -> BiasFacts:
    """The audit of one corpus, in two parts as a run would be. The scorer is not asked: it is not random."""
    rows = corpus(sizes, seed)
    half = rows["conversation_id"].str.starts_with(f"c{sizes.conversations // 2}").arg_max() or 0
    frames = [part for part in (rows[:half], rows[half:]) if part.height]
    return examine(MANIFEST, frames, Settings(), watch=frozenset({"kolumba"}), ask_scorer=False)


def biased(seed: int) -> dict[str, tuple[bool, bool]]:
    """One corpus with every bias."""
    return checks(audited(BIASED, seed), BIASED)


def unbiased(seed: int) -> list[str]:
    """One corpus without."""
    return claims(audited(Planted(), seed))


def measure(corpora: int, seed: int, workers: int = 2) -> dict[str, Any]:
    """Coverage and power by bias over `corpora` planted ones, and false alarms over as many without bias."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        seen = list(pool.map(biased, range(seed, seed + corpora), chunksize=4))
        false = list(pool.map(unbiased, range(seed + corpora, seed + 2 * corpora), chunksize=4))
    names = list(seen[0])
    return {
        "corpora": corpora,
        "coverage": {name: sum(one[name][0] for one in seen) / corpora for name in names},
        "claimed": {name: sum(one[name][1] for one in seen) / corpora for name in names},
        "false_alarms": sum(1 for one in false if one) / corpora,
        "false": [claim for one in false for claim in one],
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    start = time.time()
    told = measure(asked.corpora, asked.seed)
    if asked.json:
        print(json.dumps(told, indent=1))
        return
    print(f"{asked.corpora} corpora with bias\n{'':<26}{'in the interval':>16}{'claimed':>10}")
    for name, share in told["coverage"].items():
        print(f"{name:<26}{share:>15.1%} {told['claimed'][name]:>9.1%}")
    whole = sum(told["coverage"].values()) / len(told["coverage"])
    print(f"{'all':<26}{whole:>15.1%}")
    print(f"{asked.corpora} corpora without bias: a claim in {told['false_alarms']:.1%} of them")
    for claim in told["false"][:10]:
        print(f"  {claim}")
    print(f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
