"""Markup in chat: telling it from code that looks like it, and writing it as plain text."""
