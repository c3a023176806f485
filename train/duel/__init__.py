"""Two models, the same prompts: answers paired blind, judged by people or a model, counted."""
