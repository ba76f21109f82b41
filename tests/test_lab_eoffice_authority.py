"""The lab's authority, as OpenSSL's own commands see what it issues and answers."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from support_authority import responders

from lab.eoffice.authority import DAY, Authority


def openssl(*arguments: object) -> str:
    """What the command says, also where it fails."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def verify(authority: Authority, file: Path, *more: str) -> str:
    return openssl("verify", *more, "-CAfile", authority.root, "-untrusted", authority.issuing, file)


def test_a_server_certificate_verifies_to_the_root(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    assert ": OK" in verify(authority, authority.issue("portal").file, "-purpose", "sslserver")


def test_an_expired_one_does_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    old = authority.issue("old", begins=-9 * DAY, ends=-DAY)
    assert "certificate has expired" in verify(authority, old.file)


def test_one_for_another_name_does_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    other = authority.issue("other", hosts=["elsewhere.example"])
    assert "hostname mismatch" in verify(authority, other.file, "-verify_hostname", "localhost")


def test_weak_ones_are_really_weak(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    sha1 = openssl("x509", "-noout", "-text", "-in", authority.issue("sha1", strength="sha1").file)
    small = openssl("x509", "-noout", "-text", "-in", authority.issue("small", strength="rsa1024").file)
    assert "Signature Algorithm: ecdsa-with-SHA1" in sha1
    assert "DNS:localhost" in sha1
    assert "Public-Key: (1024 bit)" in small


def test_a_revoked_one_is_in_the_list_and_others_are_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    kept, lost = authority.issue("kept"), authority.issue("lost")
    authority.revoke(lost.certificate)
    found = x509.load_der_x509_crl(authority.revocations())
    assert found.is_signature_valid(authority.issuing_certificate.public_key())
    assert found.get_revoked_certificate_by_serial_number(lost.certificate.serial_number) is not None
    assert found.get_revoked_certificate_by_serial_number(kept.certificate.serial_number) is None


def test_a_folder_that_has_an_authority_is_taken_up_again(tmp_path: Path) -> None:
    lost = Authority(tmp_path).issue("lost")
    again = Authority(tmp_path)
    again.revoke(lost.certificate)
    assert len(x509.load_der_x509_crl(again.revocations())) == 1
    assert ": OK" in verify(again, again.issue("new").file)


@pytest.mark.parametrize(("revoked", "said"), [(False, ": good"), (True, ": revoked")])
async def test_the_responder_says_what_became_of_a_certificate(
    tmp_path: Path, *, revoked: bool, said: str
) -> None:
    async with responders(tmp_path) as served:
        authority = served.authority
        portal = authority.issue("portal")
        if revoked:
            authority.revoke(portal.certificate)
        asked = ["ocsp", "-issuer", authority.issuing, "-cert", portal.file, "-CAfile", authority.root]
        words = await asyncio.to_thread(openssl, *asked, "-url", f"{authority.url}/ocsp")
    assert "Response verify OK" in words
    assert f"portal.pem{said}" in words


@pytest.mark.parametrize("manner", ["unauthorised", "stranger", "bad signature"])
async def test_the_responder_can_be_one_that_nobody_should_believe(tmp_path: Path, manner: str) -> None:
    async with responders(tmp_path) as served:
        authority = served.authority
        served.ocsp = manner  # type: ignore[assignment]
        asked = ["ocsp", "-issuer", authority.issuing, "-cert", authority.issue("portal").file]
        asked += ["-CAfile", authority.root, "-url", f"{authority.url}/ocsp"]
        words = await asyncio.to_thread(openssl, *asked)
    assert "Response Verify Failure" in words


@pytest.mark.parametrize("tsa_rsa", [True, False])
async def test_a_stamp_verifies_to_the_root(tmp_path: Path, *, tsa_rsa: bool) -> None:
    import httpx2

    query, reply = tmp_path / "query", tmp_path / "reply"
    openssl("ts", "-query", "-data", __file__, "-sha256", "-cert", "-out", query)
    async with responders(tmp_path / "ca", tsa_rsa=tsa_rsa) as served:
        async with httpx2.AsyncClient(timeout=60) as client:
            answer = await client.post(f"{served.authority.url}/tsa", content=query.read_bytes())
        reply.write_bytes(answer.content)
        words = openssl("ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", served.authority.root)
    assert "Verification: OK" in words
