"""The TLS probe against servers with certificates of every kind."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from support_certificates import DAY, Root, self_signed
from support_probes import probe, raw_server

from agents.probes.tls import Tls
from core.clock import SystemClock
from core.values import Check, Status
from lab.eoffice.authority import Authority, Strength
from lab.manual_clock import ManualClock

DAY_S = 86_400


async def look(certificate: Path, ca: Path | None, host: str = "localhost", **params: object):  # type: ignore[no-untyped-def]
    async with raw_server(b"", certificate=certificate) as port:
        if ca is not None:
            params["ca_file"] = str(ca)
        return await probe("tls", f"{host}:{port}", family="4", **params)


async def test_a_trusted_certificate_is_up_with_its_chain_and_its_end(tmp_path: Path) -> None:
    root = Root(tmp_path)
    began = time.perf_counter()
    result = await look(root.leaf(), root.file)
    took = time.perf_counter() - began
    assert (result.status, result.reason) == (Status.UP, "")
    assert result.figures["chain_length"] == 2
    assert abs(result.figures["expires_in_seconds"] - 100 * DAY_S) < 60
    assert 0 < result.figures["handshake_seconds"] < took


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
        result = await probe("tls", f"127.0.0.1:{port}", timeout_ms=500)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


@pytest.mark.parametrize(("strength", "weakness"), [("sha1", "SHA-1"), ("rsa1024", "RSA 1024")])
async def test_a_weak_certificate_is_down_by_what_is_weak(
    tmp_path: Path, strength: Strength, weakness: str
) -> None:
    authority = Authority(tmp_path)
    result = await look(authority.issue("weak", strength=strength).file, authority.root)
    assert (result.status, result.reason) == (Status.DOWN, f"weak certificate|{weakness}")
    assert (result.figures["weaknesses"], result.figures["chain_length"]) == (1, 2)


@pytest.mark.parametrize(("strength", "weakness"), [("sha1", "SHA-1"), ("rsa1024", "RSA 1024")])
async def test_where_weak_ones_are_allowed_they_degrade(
    tmp_path: Path, strength: Strength, weakness: str
) -> None:
    authority = Authority(tmp_path)
    leaf = authority.issue("weak", strength=strength).file
    result = await look(leaf, authority.root, allow_weak=True)
    assert (result.status, result.reason) == (Status.DEGRADED, f"weak certificate|{weakness}")


async def test_weak_ones_are_refused_for_all_else_where_they_are_allowed(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    leaf = authority.issue("weak", strength="sha1", hosts=["elsewhere.example"]).file
    result = await look(leaf, authority.root, allow_weak=True)
    assert (result.status, result.reason) == (Status.DOWN, "certificate for another name")


async def test_the_days_left_are_those_of_the_whole_chain(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    result = await look(authority.issue("long", ends=9_000 * DAY).file, authority.root)
    assert 3_649 < result.figures["certificate_days_left"] < 3_651  # the intermediate's


async def test_what_is_left_is_told_by_the_clock_that_is_given(tmp_path: Path) -> None:
    root = Root(tmp_path)
    clock = ManualClock(SystemClock().now() + 80 * DAY_S * 1000)
    async with raw_server(b"", certificate=root.leaf()) as port:
        check = Check(1, "tls", f"127.0.0.1:{port}", 60_000, 20_000, {"ca_file": str(root.file)})
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
