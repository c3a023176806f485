"""A model that speaks: on the terminal, or behind OpenAI's API on localhost; with redaction around it."""
