"""Photos of machines as people and programs send and remove them."""

import logging
from collections.abc import Sequence

from starlette.exceptions import HTTPException

from inventory.photos import keeper
from inventory.photos.jpeg import LONGEST_SIDE, MOST_BYTES, take
from web.context import Context

LATE_MS = 14 * 24 * 3_600_000
"""So long ago may have been said, or taken, what a phone sends later."""
NOTE = 500
"""Characters of a note."""

BOUNDS = {"most_photos": keeper.MOST, "photo_side": LONGEST_SIDE, "photo_bytes": MOST_BYTES}
"""For pages on which photos are taken."""

log = logging.getLogger(__name__)


def keys_of(context: Context, name: str) -> Sequence[str]:
    """The names that a machine has and had. Raises HTTPException: no machine has that name."""
    context.machines.refresh()
    keys = context.machines.keys_of(name)
    if not keys:
        raise HTTPException(404, "no machine has that name")
    return keys


def keep(context: Context, name: str, file: bytes, note: str, who: str, at: int | None) -> int:
    """Keep a photo of a machine that somebody took at `at`, or now; its id. Raises BadInput, HTTPException."""
    keys = keys_of(context, name)
    return keeper.add(context.state, keys, name, take(file), note, who, said_at(at, context.clock.now()))


def discard(context: Context, name: str, number: int, who: str) -> bool:
    """Remove a photo, and log who did; False when it is not there. Raises HTTPException: no machine has that name."""
    found = keeper.remove(context.state, keys_of(context, name), number, who, context.clock.now())
    if found:
        log.info("%s removed photo %d of machine %s", who, number, name)
    return found


def said_at(at: int | None, now: int) -> int:
    """When something was said that a phone sends later; now, where it does not tell or cannot be right."""
    return now if at is None or not now - LATE_MS <= at <= now else at
