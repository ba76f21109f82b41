"""The secrets that checks need: passwords, keys. Encrypted in the state store, by a key that lies beside it.

Whoever has the state store alone (a backup, say) has no secret; whoever has the data folder has them all. Each value
is sealed with AES-256-GCM (NIST SP 800-38D) under a nonce of its own, together with its name, so that none can be put
in another's place.
"""

import os
import secrets as random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import BadInput
from core.secrets import is_name
from inventory.ssh_keys import SshKey, ssh_key
from inventory.state import State
from inventory.tables import secrets as table

KEY_FILE = "secrets.key"
SHORTEST, LONGEST = 4, 16 << 10
"""Bytes of a value. What is shorter could not be told from ordinary words where it has to be taken out of texts."""
_KEY_BYTES, _NONCE_BYTES = 32, 12


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret as it is listed: when it was set, in ms UTC, and by whom."""

    name: str
    changed_at: int
    who: str


class Vault:
    """The secrets of a state store, with its key in the same folder. Values leave it through `values` alone; of keys, `keys` shows the public half."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._key_path = state.path.parent / KEY_FILE

    def set(self, name: str, value: str, now: int, who: str) -> None:
        """Keep a secret, or put another value in its place.

        Raises:
            BadInput: the name or the value will not do (a key for SSH that is not whole, say), or the key cannot be used.
        """
        if not is_name(name):
            raise BadInput(
                "no name of a secret",
                todo="Use up to 64 letters, digits, `.`, `-` and `_`, a letter or digit first",
            )
        plain = value.encode()
        if not SHORTEST <= len(plain) <= LONGEST:
            raise BadInput(f"{len(plain)} bytes", where=name, todo=f"A secret has {SHORTEST} to {LONGEST}")
        ssh_key(value)  # refuses one that was cut off
        with self._state.write() as connection:
            fresh = connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
            nonce = random.token_bytes(_NONCE_BYTES)
            sealed = nonce + AESGCM(self._key(make=fresh)).encrypt(nonce, plain, name.encode())
            connection.execute(sa.delete(table).where(table.c.name == name))
            row = {"name": name, "value": sealed, "changed_at": now, "who": who}
            connection.execute(sa.insert(table), row)

    def remove(self, name: str) -> bool:
        """Forget a secret; False if there was none of that name."""
        with self._state.write() as connection:
            return connection.execute(sa.delete(table).where(table.c.name == name)).rowcount > 0

    def kept(self) -> list[Kept]:
        """All secrets by name, without their values."""
        columns = table.c.name, table.c.changed_at, table.c.who
        with self._state.read() as connection:
            return [Kept(*row) for row in connection.execute(sa.select(*columns).order_by(table.c.name))]

    def keys(self) -> dict[str, SshKey]:
        """What may be shown of those that are private keys for SSH.

        Raises:
            BadInput: as `values`.
        """
        values = self.values(each.name for each in self.kept())
        return {name: key for name, value in values.items() if (key := _key_in(value)) is not None}

    def marks(self) -> Mapping[str, bytes]:
        """Something of each secret that is another as soon as it is set again, and says nothing of its value."""
        nonce = sa.func.substr(table.c.value, 1, _NONCE_BYTES)
        with self._state.read() as connection:
            return {name: bytes(mark) for name, mark in connection.execute(sa.select(table.c.name, nonce))}

    def values(self, names: Iterable[str]) -> dict[str, str]:
        """The values of those of these secrets that there are.

        Raises:
            BadInput: the key cannot be used, or is not the one by which they were kept.
        """
        wanted = sorted(set(names))
        with self._state.read() as connection:
            rows = connection.execute(
                sa.select(table.c.name, table.c.value).where(table.c.name.in_(wanted))
            ).all()
        if not rows:
            return {}
        cipher = AESGCM(self._key())
        return {name: self._open(cipher, name, bytes(sealed)) for name, sealed in rows}

    def _open(self, cipher: AESGCM, name: str, sealed: bytes) -> str:
        try:
            plain = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise BadInput(
                f"the secret {name} was kept by another key",
                where=str(self._key_path),
                todo="Put the right key there, or set the secret again",
            ) from error
        return plain.decode()

    def _key(self, *, make: bool = False) -> bytes:
        if make and not self._key_path.exists():
            _write_key(self._key_path, random.token_bytes(_KEY_BYTES))
        try:
            mode = self._key_path.stat().st_mode
            key = self._key_path.read_bytes()
        except OSError as error:
            todo = "Put the key back from a backup, or remove all secrets and set them again"
            raise BadInput(
                error.strerror or "cannot be read", where=str(self._key_path), todo=todo
            ) from error
        if mode & 0o077:
            raise BadInput("others may read it", where=str(self._key_path), todo="chmod 600 it")
        if len(key) != _KEY_BYTES:
            raise BadInput(f"{len(key)} bytes, a key has {_KEY_BYTES}", where=str(self._key_path))
        return key


def _key_in(value: str) -> SshKey | None:
    try:
        return ssh_key(value)
    except BadInput:
        return None  # kept before such ones were refused


def _write_key(path: Path, key: bytes) -> None:
    """Whole or not at all, and readable by its owner alone from its first moment; one that is there stays."""
    draft = path.with_name(f"{path.name}.{random.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
