"""Watching a deployed model: how fresh logs differ from a baseline run, and whether that is an alarm."""
