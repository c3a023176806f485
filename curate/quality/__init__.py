"""Cheap signals of quality that are right for chat, in any language and length."""
