"""Bands come from datasketch's arithmetic and find what they promise."""

from __future__ import annotations

import pytest

from curate.dedup.bands import FOUND, KNOWN, choose_bands, measure_bands


@pytest.mark.parametrize(("limit", "permutations"), list(KNOWN))
def test_known_bands_are_what_datasketch_gives(limit, permutations):
    assert measure_bands(limit, permutations) == KNOWN[limit, permutations]


@pytest.mark.parametrize("permutations", [64, 128])
@pytest.mark.parametrize("limit", [0.5, 0.62, 0.8, 0.9, 1.0])
def test_pairs_at_the_limit_are_found_within_the_signature(limit, permutations):
    bands = choose_bands(limit, permutations)
    assert bands.found(limit) >= FOUND
    assert bands.bands * bands.rows <= permutations
