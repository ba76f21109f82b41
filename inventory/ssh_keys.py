"""Which secrets are private keys for SSH, and what of them may be shown: the kind, the public half, its fingerprint. Pure.

A key that OpenSSH wrote has its public half in the clear, also where a passphrase locks the rest; of a locked PEM nothing can be told.
"""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from core.errors import BadInput

_BEGIN, _END = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
_KINDS = {"ssh-ed25519": "ed25519", "ssh-rsa": "RSA"}


@dataclass(frozen=True, slots=True)
class SshKey:
    """`public` is the line for `authorized_keys`, `fingerprint` as OpenSSH writes it; both and `kind` are empty where a passphrase hides them."""

    kind: str
    public: str
    fingerprint: str
    locked: bool
    """A passphrase is needed beside it."""


def ssh_key(value: str) -> SshKey | None:
    """What may be shown of a secret that is a key of ed25519, ECDSA or RSA; None for any other secret.

    Raises:
        BadInput: it begins as a key of OpenSSH, and is not a whole one.
    """
    text = value.strip()
    if text.startswith(_BEGIN):
        return _of_openssh(text)
    if not (text.startswith("-----BEGIN ") and "PRIVATE KEY-----" in text):
        return None
    try:
        found = load_pem_private_key((text + "\n").encode(), None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        return SshKey("", "", "", locked=True)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(found, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
        return None
    try:
        line = found.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    except (ValueError, UnsupportedAlgorithm):
        return None  # a curve that SSH has no name for
    return _shown(base64.b64decode(line.split()[1]), locked=False)


def _of_openssh(text: str) -> SshKey:
    try:
        if not text.endswith(_END):
            raise ValueError("cut off")
        data = base64.b64decode("".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
        if not data.startswith(_MAGIC):
            raise ValueError("no key")
        cipher, rest = _string(data[len(_MAGIC) :])
        _, rest = _string(rest)
        _, rest = _string(rest)
        public, rest = _string(rest[4:])
        _string(rest)
        return _shown(public, locked=cipher != b"none")
    except (ValueError, binascii.Error, struct.error) as error:
        raise BadInput(
            "a private key that is not whole", todo="Take all of the file, from BEGIN to END"
        ) from error


def _string(data: bytes) -> tuple[bytes, bytes]:
    """The first string of it (RFC 4251, section 5), and what follows."""
    (length,) = struct.unpack(">I", data[:4])
    if len(data) < 4 + length:
        raise ValueError("cut off")
    return data[4 : 4 + length], data[4 + length :]


def _shown(public: bytes, *, locked: bool) -> SshKey:
    name = _string(public)[0].decode("ascii")
    kind = _KINDS.get(name) or ("ECDSA" if name.startswith("ecdsa-sha2-") else name)
    digest = base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")
    return SshKey(kind, f"{name} {base64.b64encode(public).decode()}", f"SHA256:{digest}", locked)
