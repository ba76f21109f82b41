"""Signing in with a private key: to a real OpenSSH in front of a real router, with keys that OpenSSH made."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import support_routers_ssh
from support_routers_ssh import MAY, WHY_NOT, Router, router
from test_agents_probe_config import check, document

from agents.config.keys import BadKey, private_key
from agents.probes.config import KEYS_FILE, Configs
from core.values import Status
from inventory.ssh_keys import ssh_key

PASSPHRASE = "Câu mở khóa rất dài"
KINDS = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa 256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa 384": ["-t", "ecdsa", "-b", "384"],
    "ecdsa 521": ["-t", "ecdsa", "-b", "521"],
    "rsa": ["-t", "rsa", "-b", "2048"],
    "rsa as PEM": ["-t", "rsa", "-b", "2048", "-m", "PEM"],
    "ecdsa as PKCS8": ["-t", "ecdsa", "-m", "PKCS8"],
}


@dataclass(frozen=True, slots=True)
class Pair:
    private: str
    public: str


def made(folder: Path, kind: str, passphrase: str = "") -> Pair:
    """By ssh-keygen."""
    path = folder / f"{kind}{len(passphrase)}".replace(" ", "-")
    command = ["ssh-keygen", "-q", "-f", str(path), "-N", passphrase, "-C", "", *KINDS[kind]]
    subprocess.run(command, check=True)
    return Pair(path.read_text("utf-8"), path.with_suffix(".pub").read_text("utf-8").strip())


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Pair]:
    folder = tmp_path_factory.mktemp("keys")
    return {
        (kind, passphrase): made(folder, kind, passphrase)
        for kind in KINDS
        for passphrase in ("", PASSPHRASE)
    }


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE], ids=["open", "locked"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_opened_and_its_public_half_is_known(
    pairs: dict[tuple[str, str], Pair], kind: str, passphrase: str
) -> None:
    pair = pairs[kind, passphrase]
    opened = private_key(pair.private, passphrase)
    assert f"{opened.get_name()} {opened.get_base64()}" == pair.public
    # As a browser's form gives it: with another line end, without the last.
    assert private_key(pair.private.replace("\n", "\r\n").strip(), passphrase) == opened
    shown = ssh_key(pair.private)
    assert shown is not None
    assert shown.locked is bool(passphrase)
    hidden = bool(passphrase) and "as" in kind
    assert shown.public == ("" if hidden else pair.public)
    assert shown.fingerprint == ("" if hidden else opened.fingerprint)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("passphrase", ["", "sai-cau-mo-khoa"])
def test_a_wrong_passphrase_is_told_from_what_is_no_key(
    pairs: dict[tuple[str, str], Pair], kind: str, passphrase: str
) -> None:
    text = pairs[kind, PASSPHRASE].private
    with pytest.raises(BadKey, match=r"^wrong passphrase$"):
        private_key(text, passphrase)
    with pytest.raises(BadKey, match=r"^bad key\|not a private key$"):
        private_key(text[: len(text) // 2], passphrase)
    assert private_key(pairs[kind, ""].private, passphrase)  # what is open needs none


def test_a_key_of_another_kind_and_another_text_are_refused() -> None:
    command = ["openssl", "genpkey", "-algorithm", "ed448"]
    other = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with pytest.raises(BadKey, match=r"^bad key\|of an unknown kind$"):
        private_key(other, "")
    for text in (
        "Mat-khau",
        "ssh-ed25519 AAAA",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ):
        with pytest.raises(BadKey):
            private_key(text, "")


@pytest.fixture(scope="module")
def frr(tmp_path_factory: pytest.TempPathFactory, pairs: dict[tuple[str, str], Pair]) -> Iterator[Router]:
    if not MAY:
        pytest.skip(WHY_NOT)
    with router(tmp_path_factory.mktemp("frr"), keys=[pair.public for pair in pairs.values()]) as found:
        yield found


def with_key(pair: Pair, **params: object) -> dict[str, object]:
    return {"vendor": "frr", "user": support_routers_ssh.USER, "password": "", "key": pair.private} | params


@pytest.mark.root
@pytest.mark.xdist_group("frr")
class TestARealOpenssh:
    @pytest.mark.parametrize(
        ("kind", "passphrase"),
        [
            ("ed25519", ""),
            ("ed25519", PASSPHRASE),
            ("ecdsa 256", ""),
            ("ecdsa 521", PASSPHRASE),
            ("rsa", ""),
            ("rsa as PEM", PASSPHRASE),
        ],
    )
    async def test_lets_in_who_has_the_key(
        self, frr: Router, pairs: dict[tuple[str, str], Pair], kind: str, passphrase: str
    ) -> None:
        params = with_key(pairs[kind, passphrase], passphrase=passphrase)
        result = await Configs(child=frr.child).run(check(support_routers_ssh.PORT, 60_000, **params))
        assert "ip route 10.10.0.0/16 Null0\n" in str(document(result)["running"])

    async def test_lets_nobody_in_with_another_key(self, frr: Router, tmp_path: Path) -> None:
        params = with_key(made(tmp_path, "ed25519"))
        result = await Configs(child=frr.child).run(check(support_routers_ssh.PORT, 60_000, **params))
        assert (result.status, result.reason) == (Status.DOWN, f"sign-in refused|{support_routers_ssh.USER}")
        # It was the only attempt: no empty password came after it.
        assert "Failed password" not in (frr.directory / "log").read_text()

    @pytest.mark.parametrize("passphrase", ["", "sai-cau-mo-khoa"])
    async def test_is_not_spoken_to_with_a_key_that_does_not_open(
        self, frr: Router, pairs: dict[tuple[str, str], Pair], passphrase: str
    ) -> None:
        before = (frr.directory / "log").read_text().count("Connection from")
        params = with_key(pairs["ed25519", PASSPHRASE], passphrase=passphrase)
        result = await Configs(child=frr.child).run(check(support_routers_ssh.PORT, 60_000, **params))
        assert (result.status, result.reason) == (Status.UNKNOWN, "wrong passphrase")
        # Not that nothing was written: of those who were here before, it may still write that they left.
        assert before
        assert (frr.directory / "log").read_text().count("Connection from") == before

    async def test_that_shows_another_host_key_gets_no_signature(
        self, frr: Router, pairs: dict[tuple[str, str], Pair], tmp_path: Path
    ) -> None:
        asked = check(support_routers_ssh.PORT, 60_000, **with_key(pairs["ed25519", ""]))
        first = document(await Configs(tmp_path, child=frr.child).run(asked))
        kept = (tmp_path / KEYS_FILE).read_text()
        other = made(tmp_path, "ed25519").public.split()[1]
        (tmp_path / KEYS_FILE).write_text(kept.replace(kept.split("ssh-ed25519 ")[1].split('"')[0], other))
        before = (frr.directory / "log").read_text().count("Accepted publickey")
        result = await Configs(tmp_path, child=frr.child).run(asked)
        changed, shown, known = result.reason.split("|")
        assert (changed, shown) == ("host key changed", first["host_key"])
        assert known.startswith("SHA256:")
        assert known != shown
        assert (frr.directory / "log").read_text().count("Accepted publickey") == before
        assert pairs["ed25519", ""].private.splitlines()[1] not in (tmp_path / KEYS_FILE).read_text()
