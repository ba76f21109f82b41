"""A certificate authority for the lab and the tests: a root, an intermediate that issues, and what became of each certificate.

All of it lies in one folder. `index.txt` is the register of `openssl ca`, as OpenSSL's own responder reads it: one line a
certificate, valid or revoked. A folder that has an authority is taken up again.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from core.clock import Clock, SystemClock

DAY = timedelta(days=1)
_PEM = serialization.Encoding.PEM
_STAMP = "%y%m%d%H%M%SZ"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Strength = Literal["good", "sha1", "rsa1024"]
_USES = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "ocsp": ExtendedKeyUsageOID.OCSP_SIGNING,
    "tsa": ExtendedKeyUsageOID.TIME_STAMPING,
}
Use = Literal["server", "client", "ocsp", "tsa"]


@dataclass(frozen=True)
class Issued:
    """A certificate, and the file that has its key, itself and the intermediate, in this order."""

    file: Path
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(_PEM).decode()


class Authority:
    """`url` is where its responders are found (`lab.eoffice.responders`); it goes into what is issued from then on."""

    def __init__(self, folder: Path, *, url: str = "", clock: Clock | None = None) -> None:
        self.folder, self.url = folder, url
        self._clock = clock or SystemClock()
        self.index = folder / "index.txt"
        self.root, self.issuing = folder / "root.pem", folder / "issuing.pem"
        folder.mkdir(parents=True, exist_ok=True)
        if not self.index.exists():
            self._found()
        self.root_certificate = _load(self.root)
        self.issuing_certificate = _load(self.issuing)
        self._key = _load_key(folder / "issuing.key")

    def _found(self) -> None:
        key, issuing_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = self._builder("Lab root", _name("Lab root"), key, (-DAY, 7_300 * DAY), ca=True)
        signed = root.sign(key, hashes.SHA256())
        issuing = self._builder("Lab issuing", signed.subject, issuing_key, (-DAY, 3_650 * DAY), ca=True)
        _write(self.root, signed.public_bytes(_PEM))
        _write(self.issuing, issuing.sign(key, hashes.SHA256()).public_bytes(_PEM))
        _write(self.folder / "issuing.key", _private(issuing_key))
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
        self.index.write_text("")

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now() // 1000, UTC)

    def issue(
        self,
        name: str,
        *,
        hosts: Sequence[str] = ("localhost", "127.0.0.1"),
        begins: timedelta = -DAY,
        ends: timedelta = 100 * DAY,
        strength: Strength = "good",
        use: Use = "server",
        rsa_key: bool = False,
    ) -> Issued:
        """A new certificate in the file NAME.pem. `hosts` are the names and addresses that a server's is for."""
        bits = 1024 if strength == "rsa1024" else 2048
        key: Key = (
            rsa.generate_private_key(65_537, bits)
            if rsa_key or strength == "rsa1024"
            else ec.generate_private_key(ec.SECP256R1())
        )
        builder = self._builder(name, self.issuing_certificate.subject, key, (begins, ends))
        usage = x509.ExtendedKeyUsage([_USES[use]])
        builder = builder.add_extension(usage, critical=use == "tsa")
        if use == "server":
            builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in hosts]), False)
        if use == "ocsp":
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        if self.url and use in ("server", "client"):
            builder = self._addresses(builder)
        certificate = builder.sign(self._key, hashes.SHA256())
        if strength == "sha1":
            certificate = self._again_with_sha1(certificate, key)
        with self.index.open("a") as index:
            index.write(_line(certificate))
        file = self.folder / f"{name}.pem"
        _write(file, _private(key) + certificate.public_bytes(_PEM) + self.issuing.read_bytes())
        return Issued(file, certificate)

    def revoke(self, certificate: x509.Certificate, *, since: timedelta = timedelta(hours=-1)) -> None:
        """From now on its responders say that it was revoked, and the lists have it."""
        valid = _line(certificate)
        fields = valid.split("\t")
        fields[0], fields[2] = "R", f"{self.now() + since:{_STAMP}},keyCompromise"
        self.index.write_text(self.index.read_text().replace(valid, "\t".join(fields)))

    def revocations(self, begins: timedelta = timedelta(hours=-1), ends: timedelta = DAY) -> bytes:
        """The list of what was revoked (CRL, DER); `begins` and `ends` are its thisUpdate and nextUpdate, from now."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuing_certificate.subject)
            .last_update(self.now() + begins)
            .next_update(self.now() + ends)
            .add_extension(x509.CRLNumber(int(self.now().timestamp())), critical=False)
        )
        for line in self.index.read_text().splitlines():
            state, _, revoked, serial, *_ = line.split("\t")
            if state == "R":
                at = datetime.strptime(revoked.partition(",")[0], _STAMP).replace(tzinfo=UTC)
                entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(at)
                builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _builder(
        self, name: str, issuer: x509.Name, key: Key, days: tuple[timedelta, timedelta], *, ca: bool = False
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now() + days[0])
            .not_valid_after(self.now() + days[1])
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    def _addresses(self, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(f"{self.url}/ocsp"))
        point = x509.DistributionPoint([_uri(f"{self.url}/issuing.crl")], None, None, None)
        return builder.add_extension(x509.AuthorityInformationAccess([ocsp]), critical=False).add_extension(
            x509.CRLDistributionPoints([point]), critical=False
        )

    def _again_with_sha1(self, certificate: x509.Certificate, key: Key) -> x509.Certificate:
        """The same, from now on, signed with SHA-1: only OpenSSL's command still does that."""
        request = x509.CertificateSigningRequestBuilder().subject_name(certificate.subject)
        for extension in certificate.extensions:
            request = request.add_extension(extension.value, extension.critical)
        days = (certificate.not_valid_after_utc - self.now()).days
        command = ["openssl", "x509", "-req", "-sha1", "-days", str(days), "-copy_extensions", "copyall"]
        command += ["-CA", str(self.issuing), "-CAkey", str(self.folder / "issuing.key")]
        command += ["-set_serial", f"0x{certificate.serial_number:x}"]
        asked = request.sign(key, hashes.SHA256()).public_bytes(_PEM)
        done = subprocess.run(command, input=asked, capture_output=True, check=True)
        return x509.load_pem_x509_certificate(done.stdout)


def _line(certificate: x509.Certificate) -> str:
    """Of the register, for a valid certificate: state, end, revocation, serial, file, subject."""
    serial = f"{certificate.serial_number:X}"
    serial = "0" * (len(serial) % 2) + serial
    end = f"{certificate.not_valid_after_utc:{_STAMP}}"
    subject = f"/CN={certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value!s}"
    return f"V\t{end}\t\t{serial}\tunknown\t{subject}\n"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def _private(key: Key) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # written by `_found`
    return key
