"""Writes samples/: invented raw logs in eight formats, from the texts in benchmarks/sample_texts.

Run it after editing a text: `python benchmarks/make_samples.py`. It also writes the table of planted flaws in
samples/README.md and its machine-readable twin, tests/cases/planted.json. The files are the same each time,
byte for byte (Parquet and gzip: the same content, since their bytes depend on the library's version).
"""

from __future__ import annotations

import gzip
import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # so that it also runs as a script

from benchmarks.sample_chatgpt import chatgpt_id, chatgpt_tree  # noqa: E402
from benchmarks.sample_source import ROLE, Chat, read_chats  # noqa: E402
from benchmarks.sample_xlsx import workbook  # noqa: E402

TEXTS = HERE / "sample_texts"
STARTED = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)

RAW_LINES = {
    # written between the good records of helpdesk.jsonl, after the conversation named
    "raw-malformed": (
        "HD-1010",
        '{"id": "HD-9001", "channel": "chat", "messages": [{"role": "user", "content": "Hello, my ',
    ),
    "raw-role": ("HD-1014", '{"id": "HD-9002", "messages": [{"role": "overlord", "content": "Kneel."}]}'),
    "raw-blank": ("HD-1016", ""),
    "raw-type": ("HD-1018", '{"id": "HD-9003", "messages": [{"role": "user", "content": 5}]}'),
}
CUT_OFF = '{"id": "req-a18", "messages": [{"role": "user", "content": "how do I"}, {"role": "assis'

Written = dict[str, int]
"""Id in the source texts (or name of a raw line): 1-based record in its file, headline included."""


def openai_message(letter: str, text: str, number: int) -> dict[str, Any]:
    """One message of the OpenAI form; a line `name {arguments}` of kind C becomes a tool call."""
    if letter == "C":
        name, _, arguments = text.partition(" ")
        call = {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    if letter == "T":
        return {"role": "tool", "tool_call_id": f"call_{number - 1}", "content": text}
    return {"role": ROLE[letter], "content": text}


def openai_messages(chat: Chat) -> list[dict[str, Any]]:
    """The whole conversation in the OpenAI form."""
    return [openai_message(letter, text, number) for number, (letter, text) in enumerate(chat.turns)]


def helpdesk(path: Path) -> Written:
    """JSON lines, OpenAI messages, with fields of the export beside them and broken lines in between."""
    lines: list[tuple[str, str]] = []
    for chat in read_chats(TEXTS / "helpdesk.txt"):
        number = int(chat.id) if chat.id.isdigit() else chat.id
        record = {"id": number, "channel": chat.facts["channel"], "messages": openai_messages(chat)}
        lines.append((chat.id, json.dumps(record, ensure_ascii=False)))
        lines += [(name, raw) for name, (after, raw) in RAW_LINES.items() if after == chat.id]
    path.write_text("".join(f"{line}\n" for _, line in lines), encoding="utf-8", newline="\n")
    return {name: number for number, (name, _) in enumerate(lines, 1)}


def bank(path: Path) -> Written:
    """Parquet, OpenAI messages as a list of structs, the same system message everywhere."""
    system, *chats = read_chats(TEXTS / "bank.txt")
    rows = [{"id": chat.id, "messages": openai_messages(system) + openai_messages(chat)} for chat in chats]
    pl.DataFrame(rows).write_parquet(path, compression="zstd", statistics=False)
    return {chat.id: number for number, chat in enumerate(chats, 1)}


def rows_by_time(chats: list[Chat]) -> Iterator[tuple[Chat, datetime, str, str]]:
    """(chat, time, letter, text) of every message in the order of time: conversations are interleaved."""
    told = []
    for number, chat in enumerate(chats):
        for turn, (letter, text) in enumerate(chat.turns):
            at = STARTED + timedelta(minutes=6 * number + 4 * turn, seconds=7 * number % 60)
            told.append((at, number, turn, letter, text))
    for at, number, _, letter, text in sorted(told):
        yield chats[number], at, letter, text


def export_excel(path: Path) -> Written:
    """CSV as a French Excel saves it: cp1252, semicolons, decimal commas, day first, CR LF."""
    first: Written = {}
    lines = ["Ticket;Date;Rôle;Auteur;Message;Note"]
    for chat, at, letter, text in rows_by_time(read_chats(TEXTS / "excel_fr.txt")):
        author = chat.facts["client" if letter == "U" else "agent"]
        role = "Client" if letter == "U" else "Conseiller"
        quoted = '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ';"\n') else text
        cells = (chat.id, f"{at:%d/%m/%Y %H:%M:%S}", role, author, quoted, chat.facts["note"])
        lines.append(";".join(cells))
        first.setdefault(chat.id, len(lines))
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("cp1252"))
    return first


def transcripts(path: Path) -> Written:
    """Gzipped JSON lines, each conversation one text with `Human:` and `Assistant:`."""
    chats, name = read_chats(TEXTS / "transcripts.txt"), {"U": "Human", "A": "Assistant"}
    lines = [
        json.dumps(
            {
                "transcript": "".join(f"\n\n{name[letter]}: {text}" for letter, text in chat.turns),
                "topic": chat.facts["topic"],
            },
            ensure_ascii=False,
        )
        for chat in chats
    ]
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
    return {chat.id: number for number, chat in enumerate(chats, 1)}


def chatgpt(path: Path) -> Written:
    """A ChatGPT export: per conversation a tree of messages, the current branch named by its last node."""
    chats = read_chats(TEXTS / "chatgpt.txt")
    trees = [
        chatgpt_tree(chat, (STARTED + timedelta(hours=5 * n)).timestamp()) for n, chat in enumerate(chats)
    ]
    path.write_text(json.dumps(trees, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    return {chat.id: number for number, chat in enumerate(chats, 1)}


def api_log(path: Path) -> Written:
    """JSON lines with tool calls; the last record is cut off, as after a crash."""
    chats = read_chats(TEXTS / "api_log.txt")
    records = [{"id": chat.id, "model": "helper-2", "messages": openai_messages(chat)} for chat in chats]
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text(lines + CUT_OFF, encoding="utf-8", newline="\n")
    return {chat.id: number for number, chat in enumerate(chats, 1)} | {"raw-truncated": len(chats) + 1}


def sharegpt(path: Path) -> Written:
    """A JSON array in ShareGPT's form."""
    chats, name = read_chats(TEXTS / "sharegpt.txt"), {"U": "human", "A": "gpt"}
    records = [
        {
            "id": chat.id,
            "conversations": [{"from": name[letter], "value": text} for letter, text in chat.turns],
        }
        for chat in chats
    ]
    path.write_text(json.dumps(records, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
    return {chat.id: number for number, chat in enumerate(chats, 1)}


def web_chat(path: Path) -> Written:
    """An Excel workbook, a row per message, rows in the order of time."""
    rows: list[tuple[str | datetime, ...]] = [("conversation_id", "sent_at", "role", "author", "message")]
    first: Written = {}
    for chat, at, letter, text in rows_by_time(read_chats(TEXTS / "webchat.txt")):
        role, author = ("visitor", chat.facts["author"]) if letter == "U" else ("agent", chat.facts["agent"])
        rows.append((chat.id, at, role, author, text))
        first.setdefault(chat.id, len(rows))
    path.write_bytes(workbook("Chats", rows))
    return first


def faq_pairs(path: Path) -> Written:
    """CSV of prompt and response, UTF-8 with the mark that Excel puts in front."""
    chats = read_chats(TEXTS / "pairs.txt")
    lines = ["prompt,response"]
    for chat in chats:
        cells = [text.replace('"', '""') for _, text in chat.turns]
        lines.append(",".join(f'"{cell}"' for cell in cells))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8-sig", newline="\n")
    return {chat.id: number for number, chat in enumerate(chats, 2)}


FILES: dict[str, Callable[[Path], Written]] = {
    "customer-service/helpdesk.jsonl": helpdesk,
    "customer-service/bank.parquet": bank,
    "customer-service/export-excel.csv": export_excel,
    "customer-service/transcripts.jsonl.gz": transcripts,
    "assistant/conversations.json": chatgpt,
    "assistant/api-log.jsonl": api_log,
    "marketing/chats.json": sharegpt,
    "marketing/web-chat.xlsx": web_chat,
    "marketing/faq-pairs.csv": faq_pairs,
}


def planted(records: dict[str, Written]) -> list[dict[str, Any]]:
    """The planted flaws with the record and, where the export gives one, the conversation id of each."""
    flaws = tomllib.loads((TEXTS / "planted.toml").read_text(encoding="utf-8"))["flaw"]
    nameless = ("customer-service/transcripts.jsonl.gz", "marketing/faq-pairs.csv")
    for flaw in flaws:
        at = flaw.pop("at")
        flaw["record"] = records[flaw["file"]][at.removeprefix("line:")]
        named = flaw["file"] not in nameless and not at.startswith("line:")
        tree = flaw["file"] == "assistant/conversations.json"
        flaw["conversation_id"] = (chatgpt_id(at) if tree else at) if named else None
        if "twin" in flaw:
            file, _, other = flaw["twin"].partition("#")
            flaw["twin"] = {"file": file, "record": records[file][other]}
    return [dict(sorted(flaw.items())) for flaw in flaws]


def table(flaws: list[dict[str, Any]]) -> str:
    """The Markdown table of the README."""
    head = "| file | record | what was planted | what must happen | by |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| {flaw['file']} | {flaw['conversation_id'] or flaw['record']} "
        f"| {flaw['what'].replace('<', '&lt;')} | {flaw['outcome']} | {flaw['by']} |\n"
        for flaw in flaws
    )


def main(root: Path) -> None:
    """Write all files under `root`: samples/ and tests/cases/planted.json."""
    records = {}
    for name, write in FILES.items():
        path = root / "samples" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        records[name] = write(path)
    flaws = planted(records)
    cases = root / "tests" / "cases" / "planted.json"
    cases.parent.mkdir(parents=True, exist_ok=True)
    cases.write_text(json.dumps(flaws, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    text = (TEXTS / "README.md").read_text(encoding="utf-8").replace("{{TABLE}}", table(flaws).rstrip("\n"))
    (root / "samples" / "README.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(HERE.parent)
