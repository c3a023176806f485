"""Train on a curated set, measure what was learned, and prove that curation helped.

Own loop over Hugging Face model classes; needs torch, transformers, tokenizers, peft, pyarrow and numpy only.

The core, from data to weights (each file says more):

    config.load(path) -> Config       from_dict(told, where), with_sets(config, ["optim.lr=1e-4"]),
                                      changed(config, "optim", lr=...), Config.hash()
    records.read(source, limit) -> Iterator[Conversation(id, messages, tools, measures)]
                                      Message(role, content, weight, ...).learned; conversation(id, turns)
    tokenizer.train_bpe(texts, vocabulary) -> PreTrainedTokenizerFast;  load(source, template)
                                      bytes_per_id(tokenizer) -> int32 [V] or None
    render.Renderer(tokenizer, stand_ins="mask").render(conversations) -> list[Rendered]
                                      Rendered: conversation_id, ids, trained, kind, message, role, all [n];
                                      kind: TEMPLATE, CONTENT, END, STAND_IN, CALL
                                      Renderer.prompt(messages) -> ids that ask for the assistant's turn
    loss.head_of(model) -> Head       hidden_states(model, input_ids=, position_ids=, ...) -> [B, T, H]
                                      chunked_nll(hidden [N, H], head, labels [N]) -> sum, differentiable
                                      token_nll(hidden [N, H], head, labels [N]) -> [N] fp32
"""

from __future__ import annotations
