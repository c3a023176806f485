"""How kernels are compiled: without the GIL, kept on disk where a folder for that can be written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.misc import appdirs as _appdirs

appdirs: Any = _appdirs
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """The function compiled on its first call, by numba.

    The machine code is kept beside the source or in the user's cache folder; where neither can be written
    (a read-only container) it is compiled anew in each process, which costs seconds, never an answer.

    numba keys what it keeps on the file a kernel is written in, not on kernels that it calls from other
    files: a change to a kernel that others inline asks for a touch of those files too.

    >>> @compiled
    ... def twice(number):
    ...     return number + number
    >>> twice(21)
    42
    """
    try:
        kernel: Any = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba's word for: no folder for the cache can be written
        kernel = numba.njit(nogil=True)(function)
    return cast(Kernel, kernel)


def compiled_before() -> bool:
    """Whether machine code of an earlier run lies where numba keeps it: told once by an empty place."""
    settings: Any = numba.config
    if settings.CACHE_DIR:
        place = Path(settings.CACHE_DIR)
    else:
        package = Path(__file__).parents[1]
        place = package if os.access(package, os.W_OK) else Path(appdirs.user_cache_dir("numba"))
    return next(place.rglob("*.nbi"), None) is not None
