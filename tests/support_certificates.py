"""Certificates for test servers: a root, and leaves that are good, expired, not yet valid or self-signed."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.clock import SystemClock

DAY = timedelta(days=1)


def today() -> datetime:
    return datetime.fromtimestamp(SystemClock().now() / 1000, UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Root:
    """An authority of our own; `file` holds its certificate."""

    def __init__(self, folder: Path, *, days: float = 3_650) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _sign(_name("root"), _name("root"), self.key, self.key, -DAY, days * DAY, ca=True)
        self.file = folder / "root.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def leaf(self, *, begins: timedelta = -DAY, ends: timedelta = 100 * DAY, host: str = "localhost") -> Path:
        """A file with the key and certificate of a server, signed by this root."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _sign(_name(host), self.certificate.subject, key, self.key, begins, ends, host=host)
        return _write(self.folder / f"{made.serial_number:x}.pem", key, made)


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _sign(_name("localhost"), _name("localhost"), key, key, -DAY, 100 * DAY, host="localhost")
    return _write(folder / "self.pem", key, made)


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    begins: timedelta,
    ends: timedelta,
    *,
    ca: bool = False,
    host: str = "",
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today() + begins)
        .not_valid_after(today() + ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if host:
        names = [x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _write(path: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Path:
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path
