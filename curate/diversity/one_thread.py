"""Linear algebra on one thread: sums of the same order on any number of cores.

The products of this package are small: several threads wait for each other longer than they compute, and the
order in which they add up is theirs (a law asks for the same facts on any machine).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


@contextmanager
def one_thread() -> Iterator[None]:
    """While it is open, BLAS computes on one thread; it is as it was afterwards."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
