"""A tiny checkpoint laid out as detoxify's releases are, so that its loader is tried without a download."""

from __future__ import annotations

from pathlib import Path

WORDS = ["you", "are", "a", "the", "idiot", "hello", "thank", "for", "it", "what", "."]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_checkpoint(folder: Path, classes: tuple[str, ...], outputs: int, without: str = "") -> Path:
    """Writes config, tokenizer and model.ckpt; the weights are random but large, so that texts differ."""
    import torch
    import transformers

    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *WORDS,
        *LETTERS,
        *("##" + c for c in LETTERS),
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=512).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=outputs,
        initializer_range=0.6,
    )
    config.save_pretrained(folder)
    model = transformers.BertForSequenceClassification(config)
    arguments = {
        "num_classes": outputs,
        "model_type": str(folder),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
    }
    settings = {"arch": {"type": "BERT", "args": arguments}, "dataset": {"args": {"classes": list(classes)}}}
    weights = {key: value for key, value in model.state_dict().items() if key != without}
    torch.save({"config": settings, "state_dict": weights}, folder / "model.ckpt")
    return folder / "model.ckpt"
