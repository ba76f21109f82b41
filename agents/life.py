"""This life of the agent: when the machine and the process started, and whether the one before ended in order."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

from agents.files import sync_directory, write_whole
from agents.selfwatch import booted_at
from core import wire

_CLEAN, _BEGUN = "ended-in-order", "begun"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def version() -> str:
    """Of the installed package; "unknown" when it runs from somewhere else."""
    try:
        return installed("nhip")
    except PackageNotFoundError:
        return "unknown"


def begin(directory: Path, now: int) -> wire.Life:
    """Start a life in `directory`: read the mark of the last one's end, and take it away."""
    clean: bool | None = None
    if (directory / _CLEAN).exists():
        clean = True
        (directory / _CLEAN).unlink()
        sync_directory(directory)
    elif (directory / _BEGUN).exists():
        clean = False
    write_whole(directory / _BEGUN, f"{now}\n".encode())
    return wire.Life(
        started_at=now,
        booted_at=booted_at(),
        boot_id=_BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "",
        clean_shutdown=clean,
        version=version(),
    )


def end(directory: Path, now: int) -> None:
    """Mark that this life ended in order. The last thing an agent does."""
    write_whole(directory / _CLEAN, f"{now}\n".encode())
