"""Whose network adapter has this MAC: by IEEE's list of the first three octets, as `aiooui` packs it."""

import asyncio
from functools import cache
from threading import Thread

import aiooui

_LOCAL = 2
_SHARED = "IEEE Registration Authority"
"""It gives parts of such a block to many; whose part it is, the list does not say."""


def vendor(mac: str) -> str:
    """The maker's name; empty where it is not known, or the machine invented its MAC."""
    _load()
    try:
        if int(mac[:2], 16) & _LOCAL:
            return ""
        found = aiooui.get_vendor(mac) or ""
    except ValueError:
        return ""
    return "" if found == _SHARED else found


@cache
def _load() -> None:
    # Whoever asks may be within an event loop, which cannot wait for another in the same thread.
    thread = Thread(target=lambda: asyncio.run(aiooui.async_load()))
    thread.start()
    thread.join()
