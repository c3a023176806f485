"""Train on a curated set, measure what was learned, and prove that curation helped.

Own loop over Hugging Face model classes; needs torch, transformers, tokenizers, peft, pyarrow and numpy only.

The core, from data to weights (each file says more):

    config.load(path) -> Config       from_dict(told, where), with_sets(config, ["optim.lr=1e-4"]),
                                      settings.sections() -> every option with default and meaning
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
    cut.fit_length(rendered, max_length, overlong) -> Cut;   accounting.account(conversations, rendered, cut)
    pack.steps(lengths, targets, row_length=, tokens_per_step=, budget=, seed=)
    pack.collate(rows, ...) -> Batch
    attention.attach(model, backend, row_length);   attention.inputs(batch, backend, device) -> model inputs
    hub.reached(source)               raises ConfigError where a model can be had nowhere; asks the Hub once
    models.from_scratch(config_json, tokenizer, seed) -> model;   lora.adapt(model, lora), lora.merged(model)
    prepare.prepare(config, conversations) -> Prepared;      loop.run(setup, optimizer, state) -> steps
    fit.fit(config, folder, conversations=) -> Fit(folder, prepared, model, tokenizer, state, forecast)
    fit.resume(folder) -> Fit;        export.export(folder, to, dtype=, gguf=), export.open_model(folder)
    page.write(folder) -> train.html; sample.answer(model, renderer, messages) -> text
"""

from __future__ import annotations
