"""When a message that could not be delivered is tried again. Pure."""

FIRST_MS = 15_000
LONGEST_MS = 3_600_000
GIVE_UP_MS = 24 * 3_600_000


def next_attempt(attempts: int, created_at: int, now: int) -> int | None:
    """The time of the next attempt after `attempts` failed ones: 15 s, 30 s, 1 min … 1 h; None after a day.

    The last attempt is made when the day is full, so that a destination that was away for 23 hours is not missed.
    """
    if now >= created_at + GIVE_UP_MS:
        return None
    delay = min(FIRST_MS << min(attempts - 1, 20), LONGEST_MS)
    return min(now + delay, created_at + GIVE_UP_MS)
