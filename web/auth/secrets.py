"""Secrets: what is random, what is hashed with what, and why.

Passwords are guessable, so they are hashed slowly (argon2id, RFC 9106's second recommended parameters). Session ids
and tokens are 256 random bits, which nobody guesses, so one fast SHA-256 keeps a stolen database useless.
"""

import hashlib
import hmac
import secrets
from functools import cached_property

import argon2

from core.errors import BadInput

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread: no i, l, o, 0, 1


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(session: str) -> str:
    """The CSRF token of a session: it follows from the session's id, which only its owner and we know."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def new_password() -> str:
    """A password to be typed by people: 79 random bits in four groups."""
    letters = [secrets.choice(_ALPHABET) for _ in range(16)]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, 16, 4))


def check_password_rules(password: str) -> None:
    """BadInput when `password` is too short, or so long that hashing it would be a burden."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(
            f"a password of {len(password)} characters",
            todo=f"Use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
        )


class Passwords:
    """argon2id. Verifying against no user costs the same as against one, so that names cannot be probed."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)

    @cached_property
    def nobody(self) -> str:
        """What a password of no user is compared with. Made at the start, or the first guess would take longer."""
        return self._hasher.hash(new_secret())

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one hashed as `stored`; with None it takes as long and is False."""
        try:
            self._hasher.verify(stored or self.nobody, password[:LONGEST_PASSWORD])
        except argon2.exceptions.VerificationError:
            return False
        return stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)
