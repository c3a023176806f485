"""Memory of this process, as the system tells it."""

from __future__ import annotations

import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most resident memory this process ever had, in bytes; 0 where the system does not tell.

    On Linux VmHWM: `ru_maxrss` of a spawned process begins with what its parent had.

    >>> peak_bytes() >= 0
    True
    """
    return _told("VmHWM:") or _resource()


def now_bytes() -> int:
    """The resident memory of this process now, in bytes; its peak where only that is told, else 0."""
    return _told("VmRSS:") or _resource()


def _told(key: str) -> int:
    if not STATUS.exists():
        return 0
    lines = STATUS.read_text("ascii", "replace").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), 0)


def _resource() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
