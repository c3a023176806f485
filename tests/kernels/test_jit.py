"""Kernels run where no cache can be written."""

from __future__ import annotations

from curate.kernels.jit import compiled


def test_a_kernel_whose_code_cannot_be_kept_is_compiled_all_the_same():
    space: dict[str, object] = {}
    exec("def thrice(number):\n    return 3 * number", space)  # no file: numba has nowhere to keep it
    assert compiled(space["thrice"])(14) == 42
