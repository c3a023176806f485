"""Topics: planted ones come back, the same for any order and cut, from words that many conversations share."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curate import diversity, runs, schema
from curate.diversity import placing, topics
from curate.diversity.intents import INTENTS, intents
from curate.diversity.words import bags, stop_words
from curate.errors import InputError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import diversity as bench  # noqa: E402

sys.modules.pop("diversity")
sys.path.remove(str(ROOT / "benchmarks"))

PLANTED = bench.Planted(topics=5, conversations=600)


def found(rows: pl.DataFrame) -> topics.TopicModel:
    return topics.find(schema.number_conversations(rows))


@pytest.fixture(scope="module")
def planted() -> tuple[pl.DataFrame, np.ndarray]:
    rows, labels, _ = bench.corpus(PLANTED, 3)
    return rows, labels


@pytest.fixture(scope="module")
def model(planted: tuple[pl.DataFrame, np.ndarray]) -> topics.TopicModel:
    return found(planted[0])


def test_planted_topics_come_back(planted: tuple[pl.DataFrame, np.ndarray], model: topics.TopicModel) -> None:
    told = diversity.assign(planted[0], model)
    assert len(model.topics) == PLANTED.topics
    assert bench.adjusted_mutual_information(told["topic"].to_numpy(), planted[1]) > 0.8
    assert sum(one.conversations for one in model.topics) == PLANTED.conversations


def test_words_that_go_together_by_chance_make_no_topics() -> None:
    for seed in (1, 2, 3):
        rows, _, _ = bench.corpus(bench.Planted(topics=1, conversations=400), seed)
        assert len(found(rows).topics) == 1


def test_a_stored_model_assigns_as_the_one_it_was_made_of(
    planted: tuple[pl.DataFrame, np.ndarray], model: topics.TopicModel
) -> None:
    stored = topics.to_json(model)
    again = topics.from_json(stored)
    assert topics.to_json(again) == stored
    assert diversity.assign(planted[0], again).equals(diversity.assign(planted[0], model))


def test_new_logs_come_to_the_same_topics(
    planted: tuple[pl.DataFrame, np.ndarray], model: topics.TopicModel
) -> None:
    rows, labels, _ = bench.corpus(PLANTED, 3, draw=1)
    told = diversity.assign(rows, model)
    known = diversity.assign(planted[0], model)
    names = {
        label: known["name"].filter(pl.Series(planted[1] == label)).mode().item()
        for label in range(PLANTED.topics)
    }
    assert np.mean([names[label] == name for label, name in zip(labels, told["name"], strict=True)]) > 0.9


def test_a_conversation_without_a_known_word_has_no_topic(model: topics.TopicModel) -> None:
    rows = schema.messages({"conversation_id": ["x", "y"], "role": ["user"] * 2, "text": ["", "zzyzx 12"]})
    told = diversity.assign(rows, model)
    assert told["topic"].to_list() == told["name"].to_list() == [None, None]


def test_a_handful_of_conversations_has_no_topics_and_no_word_is_stored() -> None:
    rows, _, _ = bench.corpus(bench.Planted(topics=2, conversations=4), 1)
    model = found(rows)
    assert (model.topics, model.vocabulary) == ((), ())
    assert diversity.assign(rows, model)["name"].null_count() == 4
    assert diversity.assign(rows[:0], model).height == 0


def talks(subjects: tuple[str, ...], count: int, more: str = "") -> list[tuple[str, str]]:
    """Questions and answers about each subject in turn; words that never meet elsewhere."""
    made, random = [], np.random.default_rng(count)
    for number in range(count):
        said = random.choice(subjects[number % len(subjects)].split(), 8)
        answer = f"Thank you, {' '.join(said[4:])}. Is there anything else your dashboard shows today?"
        made.append((f"Hello, {' '.join(said[:4])} {more}", answer))
    return made


def table(pairs: list[tuple[str, str]], **columns: list[str]) -> pl.DataFrame:
    texts = [text for pair in pairs for text in pair]
    ids = [f"c{number // 2:05d}" for number in range(len(texts))]
    rows = schema.messages(
        {"conversation_id": ids, "role": ["user", "assistant"] * len(pairs), "text": texts}
    )
    return rows.with_columns(pl.Series(name, values) for name, values in columns.items())


SUBJECTS = (
    "refund parcel courier warehouse delivery tracking",
    "mortgage loan rate bank repayment guarantor",
    "guitar chord melody song rhythm drummer",
)


def test_names_hold_no_greeting_no_template_no_stand_in_and_no_grammar() -> None:
    rows = table(talks(SUBJECTS, 240, "<EMAIL_1> and <PERSON> with order_77 x2"))
    model = found(rows)
    words = {word for one in model.topics for word in one.words}
    assert len(model.topics) == 3
    assert words <= {word for subject in SUBJECTS for word in subject.split()}


def test_names_are_written_with_their_accents_and_a_word_is_grammar_only_in_its_language() -> None:
    sujets = (
        "remboursement colis livraison entrepôt facture voiture",
        "hypothèque prêt taux banque échéance crédit",
    )
    english = ("car engine garage tyre brake mechanic", "recipe oven flour butter sugar dough")
    pairs = [*talks(sujets, 20, "car mais donc"), *talks(sujets, 180, "mais donc"), *talks(english, 200)]
    rows = table(pairs, language=["fr"] * 400 + ["en"] * 400)
    words = {word for one in found(rows).topics for word in one.words}
    assert {"prêt", "entrepôt", "échéance"} <= words
    assert "car" in words
    assert not {"mais", "donc"} & words
    only_french = table(talks(sujets, 200, "car mais donc"), language=["fr"] * 400)
    assert "car" not in bags(schema.number_conversations(only_french), 5, 1000).vocabulary


def test_every_stored_word_stands_in_five_conversations() -> None:
    pairs = talks(SUBJECTS, 200)
    pairs[0] = ("rareword " + pairs[0][0], pairs[0][1])
    for number in range(4):
        pairs[10 + number] = ("fourtimes " + pairs[10 + number][0], pairs[10 + number][1])
    for number in range(5):
        pairs[20 + number] = ("fivetimes " + pairs[20 + number][0], pairs[20 + number][1])
    stored = topics.to_json(found(table(pairs))).decode()
    assert "rareword" not in stored
    assert "fourtimes" not in stored
    assert "fivetimes" in stored


def test_stop_words_are_folded_words() -> None:
    for language in ("en", "fr"):
        assert all(word == word.lower() and word.isalpha() for word in stop_words(language))


@pytest.mark.parametrize(
    ("file", "least"), [("intents", 0.95), ("intents_corrected", 0.97), ("intents_held", 0.65)]
)
def test_intents_of_the_labelled_cases_are_told(file: str, least: float) -> None:
    cases = tomllib.loads((ROOT / f"tests/diversity/{file}.toml").read_text("utf-8"))
    rows = [(intent, text) for intent, table_ in cases.items() for text in table_["texts"]]
    assert {intent for intent, _ in rows} == set(INTENTS)
    told = intents(pl.Series([text for _, text in rows])).to_list()
    right = sum(one == intent for one, (intent, _) in zip(told, rows, strict=True))
    assert right / len(rows) >= least


def test_a_text_to_write_about_a_complaint_is_a_request() -> None:
    asked = [
        "Rédige une lettre de réclamation pour un colis jamais arrivé",
        "Write an angry complaint about a parcel that never arrived",
        "Écris un texte qui explique comment dormir mieux",
    ]
    assert intents(pl.Series(asked)).to_list() == ["request"] * 3


def test_weak_signs_give_way_to_a_question_and_to_a_request() -> None:
    said = ["Le bouquet était fané.", "Le bouquet était fané ?", "Je voudrais jeter un bouquet fané."]
    assert intents(pl.Series(said)).to_list() == ["complaint", "question", "request"]


def write_logs(path: Path, pairs: list[tuple[str, str]], order: list[int]) -> Path:
    lines = []
    for number in order:
        said = [
            {"role": role, "content": text}
            for role, text in zip(("user", "assistant"), pairs[number], strict=True)
        ]
        lines.append(json.dumps({"id": f"c{number:04d}", "messages": said}))
    path.write_text("\n".join(lines) + "\n")
    return path


RECIPE = 'name = "t"\n[[pass]]\nuse = "exact_duplicates"\n'


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[runs.Run, runs.Run]:
    """The same conversations in another order, cut into many shards."""
    folder = tmp_path_factory.mktemp("topics")
    rows, _, _ = bench.corpus(bench.Planted(topics=3, conversations=300), 5)
    texts = rows["text"].to_list()
    pairs = [(texts[2 * number], texts[2 * number + 1]) for number in range(300)]
    pairs[7] = ("write to jane.doe@example.org " + pairs[7][0], pairs[7][1])
    (folder / "r.toml").write_text(RECIPE)
    order = np.random.default_rng(0).permutation(300).tolist()
    made = []
    for name, places, size in (("a", list(range(300)), 2**25), ("b", order, 20_000)):
        logs = write_logs(folder / f"{name}.jsonl", pairs, places)
        made.append(runs.run(logs, folder / name, folder / "r.toml", shard_bytes=size))
    for one in made:
        placing.placed(one, placing.model_of(one))
    return made[0], made[1]


def test_order_and_cut_of_the_input_change_no_topic(two_runs: tuple[runs.Run, runs.Run]) -> None:
    one, other = two_runs
    assert len(other.storage.names("messages")) > len(one.storage.names("messages"))
    stored = [topics.from_json(run.storage.read(topics.MODEL)) for run in two_runs]
    assert stored[0].topics == stored[1].topics
    assert topics.to_json(stored[0]).replace(stored[0].made_of.encode(), b"") == topics.to_json(
        stored[1]
    ).replace(stored[1].made_of.encode(), b"")
    tables = [
        pl.read_parquet(run.storage.path("topics/part-*.parquet")).sort("conversation_id") for run in two_runs
    ]
    assert tables[0].schema == topics.TOPICS
    assert tables[0].equals(tables[1])


def test_declared_authors_are_told_apart_and_stand_ins_are_nobody() -> None:
    rows = table(talks(SUBJECTS, 4)).with_columns(
        author=pl.Series(["agent-7", None, "agent-9", None, "<PERSON_1>", None, None, "bot"]),
        duplicate_of=pl.lit(None, pl.String),
    )
    _, units = placing.place(rows, topics.nothing_said(4, ""), ())
    assert units["author"].to_list() == ["agent-7", "agent-9", None, None]


def test_what_no_recipe_redacts_is_redacted_before_words_are_stored(
    two_runs: tuple[runs.Run, runs.Run],
) -> None:
    run = two_runs[0]
    drawn = placing.sample.fetched(run, placing.sample.chosen(run, 300, 1))
    assert "jane.doe" in " ".join(run.messages.collect()["text"])
    assert "jane.doe" not in " ".join(drawn["text"])
    assert "<EMAIL_1>" in " ".join(drawn["text"])


def test_the_table_of_topics_lies_beside_the_messages(two_runs: tuple[runs.Run, runs.Run]) -> None:
    for run in two_runs:
        table_ = pl.read_parquet(run.storage.path("topics/part-*.parquet"))
        ids = run.messages.filter(pl.col("turn") == 0).collect()["conversation_id"]
        assert table_["conversation_id"].equals(ids)


def test_topics_that_are_not_there_or_of_another_version_are_refused_with_the_next_step(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match=r"holds no topics/model\.json; 'curate diversity"):
        diversity.load(str(tmp_path))
    with pytest.raises(InputError, match=r"version 99.*'curate diversity OUT'"):
        topics.from_json(b'{"format": "tamis-topics", "version": 99}')
