"""Which stretches of a text are taken: kept in order, so that a text with thousands of values stays cheap."""

from __future__ import annotations

from bisect import bisect_left


class Taken:
    """Stretches that do not overlap.

    >>> taken = Taken(); taken.take(3, 6); taken.free(0, 3), taken.free(5, 9)
    (True, False)
    """

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.stops: list[int] = []

    def free(self, start: int, stop: int) -> bool:
        """Whether nothing between start and stop is taken."""
        place = bisect_left(self.starts, stop)
        return place == 0 or self.stops[place - 1] <= start

    def start_of(self, stop: int) -> int | None:
        """Where the stretch starts that ends at stop; None where none does."""
        place = bisect_left(self.stops, stop)
        return self.starts[place] if place < len(self.stops) and self.stops[place] == stop else None

    def take(self, start: int, stop: int) -> None:
        """Take a stretch that is free."""
        place = bisect_left(self.starts, start)
        self.starts.insert(place, start)
        self.stops.insert(place, stop)
