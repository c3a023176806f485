"""Doctests of train/ are collected where what they run is installed."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("transformers") else ["train"]
