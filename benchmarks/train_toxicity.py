"""Trains the embedded toxicity scorer and writes rules/toxicity: weights, limits, card.

    python benchmarks/train_toxicity.py --data DATA/tox --chat DATA/chat --bias DATA/bias --date 2026-11-23

DATA/tox/train holds the sources, DATA/tox the test sets: they are only tested on, and no training text equals
one of theirs. Needs scikit-learn. Seeded: the same data and versions give the same bytes on one machine
(another BLAS may move a weight by one). Half a minute on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
import toxicity
import toxicity_data as data

from curate.toxicity import embedded, kernel

OUT = Path(__file__).parents[1] / "rules" / "toxicity"
SEED = 1
STRENGTH = 1.0  # of L2; tried: 1, 3, 30
RARITY = 0.5  # power of the inverse document frequency; tried: 0, 0.25, 0.5, 1
FEWEST = 2  # texts that a feature must stand in
CLIPPED = 99.99  # percentile of weights that 127 stands for
BASE_RATE = 0.2  # share of toxic messages for which the probabilities are calibrated
LIMIT = 0.8
BUCKETS = 1 << kernel.BUCKETS_LOG2


def gather(folder: Path) -> tuple[list[data.Example], list[data.Example]]:
    """Examples to train on and to calibrate on, without duplicates and without any text of a test set."""
    tests = {data.key(text) for test in data.read_tests(folder).values() for text in test.texts}
    seen: set[str] = set()
    parts: dict[str, list[data.Example]] = {"train": [], "calibrate": [], "test": []}
    for example in data.read_sources(folder / "train"):
        same = data.key(example.text)
        if same and same not in tests and same not in seen:
            seen.add(same)
            parts[data.split(example.family)].append(example)
    held = {data.key(example.text) for example in parts["test"] + parts["calibrate"]} | tests
    added = data.templates(folder / "train", random.Random(SEED))
    parts["train"] += [example for example in added if data.key(example.text) not in held]
    parts["train"] += list(data.disguised(parts["train"], random.Random(SEED)))
    return parts["train"], parts["calibrate"]


def matrix(examples: list[data.Example], fold: NDArray[np.uint16], groups: NDArray[np.uint64]) -> Any:
    """Rows of features, each 1 / sqrt(features of the row) as often as it is met."""
    indptr, indices = embedded.feature_rows(pl.Series([example.text for example in examples]), fold, groups)
    sizes = np.diff(indptr)
    values = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes)
    return sparse.csr_matrix((values, indices, indptr), shape=(len(examples), BUCKETS))


def fit(examples: list[data.Example], features: Any) -> tuple[NDArray[np.float64], float]:
    """Weights per bucket and the bias."""
    standing = np.bincount(features.indices, minlength=BUCKETS)
    rarity = (np.log((1 + len(examples)) / (1 + standing)) + 1) ** RARITY
    rarity[standing < FEWEST] = 0
    # Sixty steps stand for early stopping: more lowers AUC on the held-out tenth.
    model = LogisticRegression(C=STRENGTH, max_iter=60)
    model.fit(
        features.multiply(rarity).tocsr(),
        [example.toxic for example in examples],
        sample_weight=[example.weight for example in examples],
    )
    return model.coef_[0] * rarity, float(model.intercept_[0])


def quantised(
    weights: NDArray[np.float64], bias: float, fold: NDArray[np.uint16], groups: NDArray[np.uint64]
) -> embedded.Weights:
    """The weights as bytes, not yet calibrated."""
    one = np.percentile(np.abs(weights[weights != 0]), CLIPPED) / 127
    rounded = np.clip(np.round(weights / one), -127, 127).astype(np.int8)
    unit = one * 2**kernel.SHIFT / 2**16
    return embedded.Weights(rounded, round(bias / unit), 0, np.zeros(1, np.uint16), fold, groups)


def calibrated(weights: embedded.Weights, examples: list[data.Example]) -> embedded.Weights:
    """The weights with a table of probabilities from Platt's fit on examples not trained on."""
    texts = pl.Series([example.text for example in examples])
    found = embedded.Embedded(weights, "", "").logits(texts) / 1000
    toxic = np.array([example.toxic for example in examples], dtype=bool)
    share = np.where(toxic, BASE_RATE / toxic.sum(), (1 - BASE_RATE) / (~toxic).sum()) * len(toxic)
    fitted = LogisticRegression(C=1e6).fit(found[:, None], toxic, sample_weight=share)
    slope, shift = fitted.coef_[0, 0] / 1000, fitted.intercept_[0]
    lowest, highest = (int((logit - shift) / slope) for logit in (-9.2, 9.2))
    probabilities = 1 / (1 + np.exp(-(slope * np.arange(lowest, highest + 1) + shift)))
    table = np.round(probabilities * embedded.SCALE).astype(np.uint16)
    return weights._replace(lowest=lowest, probabilities=table)


def write(weights: embedded.Weights, facts: dict[str, Any], counts: dict[str, int], date: str) -> None:
    """rules/toxicity: embedded.npz, thresholds.toml, CARD.md."""
    packed = weights.packed()
    sha256 = hashlib.sha256(packed).hexdigest()
    (OUT / embedded.WEIGHTS).write_bytes(packed)
    lines = [
        "# Written by benchmarks/train_toxicity.py: which weights these are, and what each limit costs.",
        "[embedded]",
        f'version = "{date}"',
        f'sha256 = "{sha256}"',
        f"limit = {LIMIT}  # what too_toxic uses unless a recipe says otherwise",
        f"base_rate = {BASE_RATE}  # share of toxic messages the probabilities are calibrated for",
        "# On the held-out tenth of the training sources; precision where base_rate of messages are toxic.",
    ]
    for row in facts["curve"]:
        lines += ["", "[[embedded.curve]]", *(f"{name} = {value}" for name, value in row.items())]
    (OUT / embedded.FACTS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    template = (Path(__file__).parent / "toxicity_card.md").read_text(encoding="utf-8")
    card = template.replace("{{date}}", date).replace("{{sha256}}", sha256)
    card = card.replace("{{size}}", f"{len(packed) / 1e6:.2f} MB").replace(
        "{{tables}}", toxicity.tables(facts)
    )
    card = card.replace("{{base_rate}}", f"{BASE_RATE:.0%}").replace("{{limit}}", str(LIMIT))
    sources = "\n".join(f"| {name} | {number} |" for name, number in sorted(counts.items()))
    speed = facts["speed"]["texts_per_second"] // 10_000 * 10_000
    card = card.replace("{{sources}}", sources).replace("{{speed}}", f"{speed:,}")
    (OUT / "CARD.md").write_text(card, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the test sets, with train/ in it")
    parser.add_argument("--chat", type=Path, help="ordinary chat, to count what is flagged of it")
    parser.add_argument("--bias", type=Path, help="HolisticBias, for descriptors that are not on our list")
    parser.add_argument("--date", required=True, help="goes into the card and names the version")
    given = parser.parse_args()
    fold = embedded.fold_table()
    groups = embedded.group_keys([word for words in data.read_groups().values() for word in words], fold)
    train, calibrate = gather(given.data)
    weights = quantised(*fit(train, matrix(train, fold, groups)), fold, groups)
    weights = calibrated(weights, calibrate)
    scorer = embedded.Embedded(weights, given.date, "")
    counts: dict[str, int] = {}
    for example in train:
        counts[example.source] = counts.get(example.source, 0) + 1
    facts = toxicity.measure(
        lambda texts: scorer.score(pl.Series(texts, dtype=pl.String))["toxicity"],
        given.data, given.chat, given.bias, BASE_RATE,
    )  # fmt: skip
    write(weights, facts, counts, given.date)
    print(toxicity.tables(facts))
    print(facts["speed"])


if __name__ == "__main__":
    main()
