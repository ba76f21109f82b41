"""Secrets that are keys for SSH: what may be shown of them, and never the private half."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from inventory.ssh_keys import ssh_key

BEGIN, END = "-----BEGIN OPENSSH PRIVATE KEY-----\n", "\n-----END OPENSSH PRIVATE KEY-----\n"


@given(st.text(max_size=200))
def test_any_other_secret_is_no_key(text: str) -> None:
    assert ssh_key(text) is None


@given(st.binary(max_size=300))
def test_what_only_looks_like_a_key_is_refused_or_shown_and_nothing_else(data: bytes) -> None:
    for body in (data, b"openssh-key-v1\0" + data):
        try:
            found = ssh_key(BEGIN + base64.b64encode(body).decode() + END)
        except BadInput:
            continue
        assert found is not None


def test_a_key_that_was_cut_off_is_refused() -> None:
    public = b"".join(struct.pack(">I", len(each)) + each for each in (b"ssh-ed25519", b"p" * 32))
    strings = (b"none", b"none", b"")
    whole = b"openssh-key-v1\0" + b"".join(struct.pack(">I", len(each)) + each for each in strings)
    whole += struct.pack(">II", 1, len(public)) + public + struct.pack(">I", 8) + b"private!"
    text = BEGIN + base64.b64encode(whole).decode() + END
    found = ssh_key(text)
    assert found is not None
    assert (found.kind, found.locked) == ("ed25519", False)
    assert found.public == f"ssh-ed25519 {base64.b64encode(public).decode()}"
    for cut in (text[:80], text[: -len(END)], text.replace(base64.b64encode(whole[-12:]).decode(), "")):
        if cut != text:
            with pytest.raises(BadInput, match="not whole"):
                ssh_key(cut)
