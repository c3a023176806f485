"""Duplicates: what counts as evidence, bands, candidate pairs, verification, who stays."""
