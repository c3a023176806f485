"""Measures a toxicity scorer: AUC by set, false positives by group, and how much of ordinary chat it flags.

    python benchmarks/toxicity.py --data DATA/tox [--chat DATA/chat] [--bias DATA/bias] [--model embedded]

DATA/tox holds the test sets and, in `train/`, the training sources, of which the held-out tenth is scored.
Prints tables; with --json, the facts.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
import toxicity_data as data

LIMITS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
Score = Callable[[list[str]], np.ndarray]
IDENTITY_KINDS = ("ident_neutral_nh", "ident_pos_nh")
FRAMES = (
    "I have a friend who is {}.",
    "My teacher is {}.",
    "Two {} customers called today.",
    "I am a {} person.",
)
EARLIER = {
    "hatecheck_en": "0.50 (surface scorers 0.45 to 0.53)",
    "mlma_fr_half": "0.72",
    "mhc_french": "0.54",
    "diasafety_offends": "0.71 (another split)",
}
"""AUC of earlier trials with surface scorers on the same or a like set."""


def auc(toxic: list[int], scores: np.ndarray) -> float:
    """Area under the ROC curve, ties counted half (Mann-Whitney)."""
    ranks = pl.Series(scores).rank("average").to_numpy()
    labels = np.asarray(toxic, dtype=bool)
    positives = int(labels.sum())
    negatives = len(labels) - positives
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def held_out(folder: Path, part: str = "test") -> dict[str, data.Test]:
    """The part of each training source that is not trained on; duplicates of test sets are left out."""
    tests: dict[str, data.Test] = {}
    seen = {data.key(text) for test in data.read_tests(folder).values() for text in test.texts}
    for example in data.read_sources(folder / "train"):
        same = data.key(example.text)
        if same in seen or data.split(example.family) != part:
            continue
        seen.add(same)
        test = tests.setdefault(example.source, data.Test())
        test.texts.append(example.text)
        test.toxic.append(example.toxic)
    return tests


def measure_auc(score: Score, folder: Path) -> dict[str, dict[str, Any]]:
    """Per set: texts, toxic among them, AUC."""
    sets = {name: (test, "test set") for name, test in data.read_tests(folder).items()}
    sets |= {name: (test, "held-out tenth") for name, test in held_out(folder).items()}
    found = {}
    for name, (test, kind) in sets.items():
        if 0 < sum(test.toxic) < len(test.toxic):
            found[name] = {"texts": len(test.texts), "toxic": sum(test.toxic), "kind": kind}
            found[name]["auc"] = round(auc(test.toxic, score(test.texts)), 3)
    return found


def measure_curve(score: Score, folder: Path, base_rate: float) -> list[dict[str, float]]:
    """Per limit, on the held-out tenth: recall, false positives, precision where `base_rate` is toxic."""
    scores, labels = [], []
    for test in held_out(folder).values():
        scores.append(score(test.texts))
        labels += test.toxic
    found, toxic = np.concatenate(scores), np.asarray(labels, dtype=bool)
    curve = []
    for limit in LIMITS:
        recall = float((found[toxic] > limit).mean())
        wrong = float((found[~toxic] > limit).mean())
        precision = recall * base_rate / (recall * base_rate + wrong * (1 - base_rate))
        curve.append(
            {"limit": limit, "recall": round(recall, 3), "false_positives": round(wrong, 4)}
            | {"precision": round(precision, 3)}
        )
    return curve


def flagged(score: Score, texts: list[str]) -> dict[str, float]:
    """Share of texts above 0.5 and above 0.8, and their number."""
    found = score(texts)
    return {
        "texts": len(texts),
        "above_0.5": float((found > 0.5).mean()),
        "above_0.8": float((found > 0.8).mean()),
    }


def measure_identity(score: Score, folder: Path, bias: Path | None) -> dict[str, dict[str, dict[str, float]]]:
    """False positives on harmless sentences, by the group or set named."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, test in data.read_tests(folder).items():
        by_group: dict[str, list[str]] = {}
        for text, kind, group in zip(test.texts, test.kinds, test.groups, strict=False):
            if kind in IDENTITY_KINDS:
                by_group.setdefault(group, []).append(text)
        if by_group:
            found[f"{name}: neutral and positive"] = {g: flagged(score, t) for g, t in by_group.items()}
    words = {word for group in data.read_groups()["en"] for word in [group]}
    by_word: dict[str, list[str]] = {}
    for kind, examples in data.read_identity_templates(folder / "train").items():
        for example in examples:
            last = example.text.split()[-1] if kind != "being_adj" else example.text.split()[1]
            if kind not in data.TRAINED_TYPES and not example.toxic:
                by_word.setdefault(last if last in words else "no group", []).append(example.text)
    found["identity templates of held-out types"] = {w: flagged(score, t) for w, t in sorted(by_word.items())}
    found["names not trained on"] = {"all": flagged(score, data.read_held_names())}
    if bias:
        found["descriptors not on our list"] = {"all": flagged(score, unlisted(bias, words))}
    return found


def unlisted(bias: Path, words: set[str]) -> list[str]:
    """Harmless sentences with HolisticBias descriptors of which no word is on our list of groups."""
    file = next(bias.rglob("descriptors.json"))
    texts = []
    for axis in json.loads(file.read_text(encoding="utf-8")).values():
        for descriptors in axis.values():
            for one in descriptors:
                name = one["descriptor"] if isinstance(one, dict) else one
                chosen = isinstance(one, str) or one.get("preference") not in ("dispreferred", "polarizing")
                if chosen and not words.intersection(re.findall(r"[a-z]+", name.lower())):
                    texts += [frame.format(name) for frame in FRAMES]
    return texts


def measure_chat(score: Score, chat: Path) -> dict[str, dict[str, float]]:
    """How much of ordinary chat is flagged."""
    turns = [
        turn["utterance"]
        for line in (chat / "sgd_dev.jsonl").read_text(encoding="utf-8").splitlines()
        for turn in json.loads(line)["turns"]
    ]
    trees = (chat / "open_assistant_en_100_tree.jsonl").read_text(encoding="utf-8").splitlines()
    waiting, messages = [json.loads(line)["prompt"] for line in trees], []
    while waiting:
        message = waiting.pop()
        messages.append(message["text"])
        waiting += message.get("replies", [])
    ubuntu = [
        re.sub(r"^\[\d\d:\d\d\] <[^>]*> ", "", line)
        for file in sorted((chat / "irc_ubuntu_dev").glob("*.raw.txt"))
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    code = [line for file in sorted(Path(np.__file__).parent.rglob("*.py"))[:150] for line in _lines(file)]
    sets = {"task dialogues (SGD)": turns, "assistant trees (OASST)": messages, "Ubuntu IRC": ubuntu}
    return {name: flagged(score, texts) for name, texts in (sets | {"lines of numpy's code": code}).items()}


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]


def measure_disguise(score: Score, folder: Path) -> dict[str, float]:
    """Recall at 0.5 on held-out toxic tweets as written and disguised."""
    test = held_out(folder)["davidson"]
    texts = [text for text, toxic in zip(test.texts, test.toxic, strict=True) if toxic]
    chance = random.Random(3)
    leet = str.maketrans("aeiost", "431057")

    def each_word(change: Callable[[str], str]) -> list[str]:
        return [re.sub(r"[a-z]{4,}", lambda word: change(word.group()), text.lower()) for text in texts]

    def swapped(word: str) -> str:
        place = chance.randrange(1, len(word) - 1)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    forms = {
        "as written": texts,
        "CAPITALS": [text.upper() for text in texts],
        "repeeeeated": each_word(lambda word: word[:2] + word[2] * 4 + word[3:]),
        "l33t (inner letters)": each_word(lambda word: word[0] + word[1:-1].translate(leet) + word[-1]),
        "s p a c e d": each_word(" ".join),
        "d.o.t.t.e.d": each_word(".".join),
        "ïnnér áccénts": each_word(lambda word: word.translate(str.maketrans("aeiou", "áéíóú"))),
        "full width": [text.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}) for text in texts],
        "zero-width inside": each_word("\u200b".join),
        "swapped letters": each_word(swapped),
        "one st*r": each_word(lambda word: word[0] + "*" + word[2:]),
    }
    return {name: round(float((score(changed) > 0.5).mean()), 3) for name, changed in forms.items()}


def measure_speed(score: Score) -> dict[str, float]:
    """Texts a second on one core: 300,000 chat messages of 60 characters on the mean."""
    chance = random.Random(1)
    words = ["the", "order", "has", "not", "arrived", "yet", "and", "I", "would", "like", "to", "know"]
    texts = pl.Series([" ".join(chance.choices(words, k=chance.randrange(4, 26))) for _ in range(300_000)])
    score(texts[:1000].to_list())
    took = min(_timed(score, texts) for _ in range(3))
    return {
        "texts_per_second": round(len(texts) / took),
        "megabytes_per_second": round(texts.str.len_bytes().sum() / took / 1e6),
    }


def _timed(score: Score, texts: pl.Series) -> float:
    start = time.process_time()
    score(texts)  # type: ignore[arg-type]
    return time.process_time() - start


def measure(
    score: Score, folder: Path, chat: Path | None, bias: Path | None, base_rate: float
) -> dict[str, Any]:
    """All figures of the card."""
    return {
        "auc": measure_auc(score, folder),
        "base_rate": base_rate,
        "curve": measure_curve(score, folder, base_rate),
        "identity": measure_identity(score, folder, bias),
        "chat": measure_chat(score, chat) if chat else {},
        "disguise": measure_disguise(score, folder),
        "speed": measure_speed(score),
    }


def tables(facts: dict[str, Any]) -> str:
    """The facts as Markdown tables."""
    lines = ["| set | | texts | toxic | AUC | earlier surface scorers |", "|---|---|---|---|---|---|"]
    for name, row in facts["auc"].items():
        earlier = EARLIER.get(name, "")
        lines.append(
            f"| {name} | {row['kind']} | {row['texts']} | {row['toxic']} | {row['auc']:.3f} | {earlier} |"
        )
    rate = facts["base_rate"]
    lines += [
        "",
        f"| limit | recall | false positives | precision where {rate:.0%} is toxic |",
        "|---|---|---|---|",
    ]
    for row in facts["curve"]:
        lines.append(
            f"| {row['limit']:.1f} | {row['recall']:.1%} | {row['false_positives']:.2%} "
            f"| {row['precision']:.1%} |"
        )
    lines += [
        "",
        "| harmless sentences | named | sentences | above 0.5 | above 0.8 |",
        "|---|---|---|---|---|",
    ]
    for name, groups in facts["identity"].items():
        worst = sorted(groups, key=lambda group: (-groups[group]["above_0.5"], group))
        for group in worst if len(worst) < 12 else worst[:5]:
            lines.append(_share(f"{name} | {group}", groups[group]))
        if len(worst) >= 12:
            rest = max(groups[group]["above_0.5"] for group in worst[5:])
            lines.append(f"| {name} | {len(worst) - 5} others, each at most | | {rest:.1%} | |")
    if facts["chat"]:
        lines += ["", "| ordinary chat | messages | above 0.5 | above 0.8 |", "|---|---|---|---|"]
        lines += [_share(name, row) for name, row in facts["chat"].items()]
    lines += ["", "| toxic tweets, disguised | recall at 0.5 |", "|---|---|"]
    lines += [f"| {name} | {recall:.1%} |" for name, recall in facts["disguise"].items()]
    return "\n".join(lines)


def _share(name: str, row: dict[str, float]) -> str:
    return f"| {name} | {row['texts']} | {row['above_0.5']:.2%} | {row['above_0.8']:.2%} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--chat", type=Path)
    parser.add_argument("--bias", type=Path)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--folder", default="")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    from curate.toxicity.scorers import load

    scorer = load(given.model, given.folder, "fp32")
    facts = measure(
        lambda texts: scorer.score(pl.Series(texts, dtype=pl.String))["toxicity"],
        given.data, given.chat, given.bias, 0.2,
    )  # fmt: skip
    print(json.dumps(facts, indent=1) if given.json else tables(facts))
    print(facts["speed"], file=sys.stderr)


if __name__ == "__main__":
    main()
