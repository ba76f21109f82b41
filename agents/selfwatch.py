"""What the agent itself uses, straight from the kernel: it is asked for with every report."""

import ctypes
import os
import resource
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def rss_bytes() -> int:
    """Resident memory (second figure of /proc/self/statm, proc(5))."""
    return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE


def cpu_seconds() -> float:
    """User and system time since the start."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def give_back_memory() -> None:
    """Return to the kernel what was freed and glibc still holds, mostly of loading code. Elsewhere: nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def booted_at() -> int:
    """When the machine started, in ms, as its wall clock has it now (`btime` of /proc/stat)."""
    for line in Path("/proc/stat").read_bytes().splitlines():
        if line.startswith(b"btime "):
            return int(line.split()[1]) * 1000
    return 0
