"""A conversation as a ChatGPT export holds it: a tree of messages whose last node names the branch."""

from __future__ import annotations

from typing import Any

from benchmarks.sample_source import ROLE, Chat


def chatgpt_id(chat_id: str) -> str:
    """The id that the export gives the conversation."""
    return f"{chat_id}-7a3b-4c1d-9e2f-00000000{chat_id[-4:]}"


def chatgpt_tree(chat: Chat, created: float) -> dict[str, Any]:
    """One conversation of the export. The root has no message, the next node an empty system message."""
    conversation = chatgpt_id(chat.id)
    mapping: dict[str, dict[str, Any]] = {}

    def grow(node: str, parent: str | None, message: dict[str, Any] | None) -> None:
        mapping[node] = {"id": node, "message": message, "parent": parent, "children": []}
        if parent is not None:
            mapping[parent]["children"].append(node)

    grow(f"{chat.id}-root", None, None)
    grow(f"{chat.id}-sys", f"{chat.id}-root", chatgpt_message(f"{chat.id}-sys", "S", "", created))
    for branch, (after, turns) in enumerate([(-1, chat.turns), *chat.forks]):
        parent = f"{chat.id}-sys" if after < 0 else f"{chat.id}-0-{after}"
        for number, (letter, text) in enumerate(turns):
            node = f"{chat.id}-{branch}-{number}"
            at = created + 20 * (after + 1 + number) + 300 * branch
            grow(node, parent, chatgpt_message(node, letter, text, at))
            parent = node
    return {
        "title": chat.facts["title"].replace("_", " "),
        "create_time": created,
        "update_time": created + 600,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": f"{chat.id}-0-{len(chat.turns) - 1}",
        "conversation_id": conversation,
        "id": conversation,
    }


def chatgpt_message(node: str, letter: str, text: str, at: float) -> dict[str, Any]:
    """One message of the export; {{IMAGE}} stands for an attached picture."""
    content: dict[str, Any] = {"content_type": "text", "parts": [text]}
    if "{{IMAGE}}" in text:
        pointer = {
            "content_type": "image_asset_pointer",
            "asset_pointer": f"file-service://{node}",
            "size_bytes": 48211,
        }
        content = {"content_type": "multimodal_text", "parts": [pointer, text.replace("{{IMAGE}}", "")]}
    if letter == "T":
        content = {"content_type": "execution_output", "text": text}
    author: dict[str, Any] = {
        "role": ROLE[letter],
        "name": "python" if letter == "T" else None,
        "metadata": {},
    }
    hidden = {"is_visually_hidden_from_conversation": True} if letter == "S" else {}
    return {
        "id": node,
        "author": author,
        "create_time": at,
        "content": content,
        "status": "finished_successfully",
        "end_turn": letter == "A",
        "weight": 0.0 if letter == "S" else 1.0,
        "metadata": hidden,
        "recipient": "all",
    }
