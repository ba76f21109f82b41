"""The private key to sign in with: its text, as it is kept at the centre, opened in memory. Runs in a child of the agent.

`cryptography` opens what OpenSSH and others write, and tells a wrong passphrase from a text that is no key; paramiko, which signs
with it, is given it open.
"""

import io
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # as where sessions are made
    import paramiko

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

_OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----"


class BadKey(Exception):
    """It cannot be used; its text is the reason, and has nothing of the key in it."""


def private_key(text: str, passphrase: str) -> paramiko.PKey:
    """Of an ed25519, ECDSA or RSA key, as OpenSSH or as PEM; `passphrase` is empty for one that has none.

    Raises:
        BadKey: the text is no key, or of another kind, or the passphrase does not open it.
    """
    found = _opened(text.strip() + "\n", passphrase)
    if isinstance(found, RSAPrivateKey):
        return paramiko.RSAKey(key=found)
    if isinstance(found, EllipticCurvePrivateKey):
        return paramiko.ECDSAKey(vals=(found, found.public_key()))
    if isinstance(found, Ed25519PrivateKey):
        plain = found.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        return paramiko.Ed25519Key.from_private_key(io.StringIO(plain.decode()))
    raise BadKey("bad key|of an unknown kind")


def _opened(text: str, passphrase: str) -> object:
    load = load_ssh_private_key if text.startswith(_OPENSSH) else load_pem_private_key
    try:
        return load(text.encode(), None)
    except TypeError as locked:
        if not passphrase:
            raise BadKey("wrong passphrase") from locked
    except UnsupportedAlgorithm as error:
        raise BadKey("bad key|of an unknown kind") from error
    except ValueError as error:
        raise BadKey("bad key|not a private key") from error
    try:
        return load(text.encode(), passphrase.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey("wrong passphrase") from error
