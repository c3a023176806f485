"""Toxicity scorers: an embedded n-gram model, and detoxify's transformers from a folder or a download."""
