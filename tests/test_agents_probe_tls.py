"""The TLS probe against servers with certificates of every kind, and the reading of certificates."""

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st
from support_certificates import DAY, Root, self_signed
from support_probes import probe, raw_server

from agents.probes.certificates import not_after
from agents.probes.tls import Tls
from core.clock import SystemClock
from core.errors import BadInput
from core.values import Check, Status
from lab.manual_clock import ManualClock

DAY_S = 86_400


async def look(certificate: Path, ca: Path | None, host: str = "localhost", **params: object):  # type: ignore[no-untyped-def]
    async with raw_server(b"", certificate=certificate) as port:
        if ca is not None:
            params["ca_file"] = str(ca)
        return await probe("tls", f"{host}:{port}", family="4", **params)


async def test_a_trusted_certificate_is_up_with_its_chain_and_its_end(tmp_path: Path) -> None:
    root = Root(tmp_path)
    result = await look(root.leaf(), root.file)
    assert (result.status, result.reason) == (Status.UP, "")
    assert result.figures["chain_length"] == 2
    assert abs(result.figures["expires_in_seconds"] - 100 * DAY_S) < 60
    assert 0 < result.figures["handshake_seconds"] < 2


async def test_the_earliest_end_in_the_chain_counts(tmp_path: Path) -> None:
    root = Root(tmp_path, days=50)
    result = await look(root.leaf(), root.file)
    assert abs(result.figures["expires_in_seconds"] - 50 * DAY_S) < 60


async def test_a_certificate_that_ends_soon_degrades(tmp_path: Path) -> None:
    root = Root(tmp_path)
    leaf = root.leaf(ends=20 * DAY + timedelta(hours=1))
    assert (await look(leaf, root.file)).reason == "certificate expires soon|20"
    assert (await look(leaf, root.file)).status == Status.DEGRADED
    assert (await look(leaf, root.file, warn_days=10)).status == Status.UP


async def test_an_expired_certificate_is_down_and_says_since_when(tmp_path: Path) -> None:
    root = Root(tmp_path)
    result = await look(root.leaf(begins=-9 * DAY, ends=-3 * DAY), root.file)
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")
    assert abs(result.figures["expires_in_seconds"] + 3 * DAY_S) < 60


async def test_a_certificate_of_tomorrow_is_down(tmp_path: Path) -> None:
    root = Root(tmp_path)
    result = await look(root.leaf(begins=DAY), root.file)
    assert (result.status, result.reason) == (Status.DOWN, "certificate not yet valid")


async def test_a_certificate_for_another_name_is_down(tmp_path: Path) -> None:
    root = Root(tmp_path)
    result = await look(root.leaf(host="elsewhere.example"), root.file)
    assert (result.status, result.reason) == (Status.DOWN, "certificate for another name")
    assert result.figures["expires_in_seconds"] > 0


async def test_the_name_asked_for_may_be_another_than_the_host(tmp_path: Path) -> None:
    root = Root(tmp_path)
    result = await look(root.leaf(host="elsewhere.example"), root.file, server_name="elsewhere.example")
    assert result.status == Status.UP


async def test_an_address_is_verified_as_such(tmp_path: Path) -> None:
    root = Root(tmp_path)
    assert (await look(root.leaf(), root.file, host="127.0.0.1")).status == Status.UP


async def test_an_authority_that_nobody_knows_is_not_trusted(tmp_path: Path) -> None:
    result = await look(Root(tmp_path).leaf(), None)
    assert (result.status, result.reason) == (Status.DOWN, "certificate not trusted")
    assert result.figures["chain_length"] == 1
    assert result.figures["expires_in_seconds"] > 0


async def test_a_self_signed_certificate_is_down_by_that_name(tmp_path: Path) -> None:
    result = await look(self_signed(tmp_path), None)
    assert (result.status, result.reason) == (Status.DOWN, "certificate self-signed")
    assert result.figures["expires_in_seconds"] > 0


async def test_a_self_signed_certificate_that_is_pinned_is_up(tmp_path: Path) -> None:
    pinned = self_signed(tmp_path)
    assert (await look(pinned, pinned)).status == Status.UP


async def test_a_server_without_tls_is_down() -> None:
    async with raw_server(b"220 mail.example ESMTP\r\n") as port:
        result = await probe("tls", f"127.0.0.1:{port}")
    assert result.status == Status.DOWN
    assert result.reason.startswith("tls failed|")


async def test_a_server_that_hangs_up_is_down() -> None:
    async with raw_server(b"") as port:
        result = await probe("tls", f"127.0.0.1:{port}")
    assert result.status == Status.DOWN


async def test_a_server_that_never_shakes_hands_times_out() -> None:
    async with raw_server(None) as port:
        result = await probe("tls", f"127.0.0.1:{port}", timeout_ms=150)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


async def test_what_is_left_is_told_by_the_clock_that_is_given(tmp_path: Path) -> None:
    root = Root(tmp_path)
    clock = ManualClock(SystemClock().now() + 80 * DAY_S * 1000)
    async with raw_server(b"", certificate=root.leaf()) as port:
        check = Check(1, "tls", f"127.0.0.1:{port}", 5_000, 2_000, {"ca_file": str(root.file)})
        result = await Tls(clock).run(check)
    assert result.reason == "certificate expires soon|19"


async def test_a_ca_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    other, root = Root(tmp_path), Root(tmp_path)
    pinned = tmp_path / "pinned.pem"
    leaf = root.leaf()
    pinned.write_bytes(other.certificate.public_bytes(serialization.Encoding.PEM))
    before = await look(leaf, pinned)
    pinned.write_bytes(root.certificate.public_bytes(serialization.Encoding.PEM))
    assert (before.status, (await look(leaf, pinned)).status) == (Status.DOWN, Status.UP)


def der_of(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("days", [1, 300, 20_000])
def test_the_end_of_a_certificate_is_read_as_the_library_reads_it(tmp_path: Path, days: int) -> None:
    path = Root(tmp_path).leaf(ends=days * DAY)
    end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    assert not_after(der_of(path)) == end.timestamp() * 1000


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_a_damaged_certificate_is_bad_input_or_a_time(data: st.DataObject, certificate: bytes) -> None:
    at = data.draw(st.integers(0, len(certificate) - 1))
    damaged = (
        certificate[:at] + data.draw(st.binary(max_size=8)) + certificate[at + data.draw(st.integers(0, 8)) :]
    )
    with contextlib.suppress(BadInput):
        assert isinstance(not_after(damaged), int)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=100))
def test_any_bytes_are_bad_input_or_a_time(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(not_after(data), int)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return der_of(Root(tmp_path_factory.mktemp("root")).leaf())
