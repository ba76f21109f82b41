"""Whether a device shows another SSH key than before: what agents saw and believed, and what they refused. Pure.

An agent believes the first key that it meets and refuses any other. It forgets that with its machine: so the key that each look was
read with counts, too.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from inventory.configs.facts import fact
from inventory.configs.versions import Seen


@dataclass(frozen=True, slots=True)
class Refused:
    """An agent met `key` at `at` where it knew `before`, and sent nothing of password or key. Both are fingerprints."""

    at: int
    key: str
    before: str


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The device shows `key`; `before` is the one that it had. `since` is when that was seen first."""

    key: str
    before: str
    since: int
    refused: bool
    """The agent does not sign in; else one that knew no other did."""


def key_change(looks: Sequence[Seen], refused: Sequence[Refused], pinned: str = "") -> KeyChange | None:
    """What nobody accepted yet, from each look and each refusal, oldest first; `pinned` is the fingerprint that people said is right."""
    last = looks[-1].at if looks else -1
    late = [each for each in refused if each.at > last]
    if late:
        newest, since = late[-1], late[-1].at
        for each in reversed(late):
            if each.key != newest.key:
                break
            since = each.at
        found = KeyChange(newest.key, newest.before, since, refused=True)
    else:
        told = fact((look.at, look.host_key) for look in looks)
        if told is None or not told.before:
            return None
        found = KeyChange(told.value, told.before, told.since, refused=False)
    return None if found.key == pinned else found


def pinned_in(access: str) -> str:
    """The fingerprint that `access` of a watched device has, empty if none."""
    try:
        found = json.loads(access or "{}")
    except ValueError:
        return ""
    key = found.get("host_key") if isinstance(found, dict) else None
    return key if isinstance(key, str) else ""
