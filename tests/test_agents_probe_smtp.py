"""The SMTP probe against Debian's postfix (sign-in through dovecot), those who stand between, and servers that break the rules."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_mail import HERE, PASSWORD, USER, Office, between, office, scripted
from support_probes import nobody, probe, raw_server
from support_processes import until

from agents.mail.replies import Replies, Reply, extensions
from agents.probes.smtp import _literal
from core.errors import BadInput
from core.values import Status

DAY = timedelta(days=1)
HELLO = b"250-mail.example\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"


@pytest.fixture(scope="module")
def post() -> Iterator[Office]:
    with office() as running:
        yield running


@pytest.fixture(scope="module")
def expired() -> Iterator[Office]:
    with office(ends=timedelta(hours=-1), mechanisms="login") as running:
        yield running


@pytest.fixture(scope="module")
def in_the_clear() -> Iterator[Office]:
    with office(tls=False) as running:
        yield running


@HERE
async def test_a_watch_account_signs_in_after_starttls(post: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{post.mail.smtp}", **post.account)
    figures = result.figures
    assert (result.status, result.reason) == (Status.UP, "")
    phases = ("resolve", "connect", "greeting", "tls", "sign_in")
    assert 0 < sum(figures[f"{phase}_seconds"] for phase in phases) < figures["total_seconds"]
    assert 99 * DAY.total_seconds() < figures["expires_in_seconds"] < 100 * DAY.total_seconds()


@HERE
async def test_a_watch_account_signs_in_where_all_is_encrypted(post: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{post.mail.smtps}", tls="implicit", **post.account)
    assert (result.status, result.reason) == (Status.UP, "")


@HERE
async def test_nothing_was_sent_and_the_server_saw_a_polite_end(post: Office) -> None:
    await probe("smtp", f"127.0.0.1:{post.mail.smtp}", **post.account)
    log, polite = post.folder / "postfix.log", "ehlo=2 starttls=1 auth=1 noop=1 quit=1 commands=6"
    until(lambda: polite in log.read_text(), 60, "the server saw us leave")
    assert "qmgr[" not in log.read_text()


@HERE
async def test_without_an_account_the_server_is_greeted_and_its_certificate_looked_at(post: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{post.mail.smtp}", ca_file=post.ca_file)
    assert result.status == Status.UP
    assert "expires_in_seconds" in result.figures
    assert "sign_in_seconds" not in result.figures


@HERE
async def test_a_wrong_password_is_refused(post: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{post.mail.smtp}", **{**post.account, "password": "khác"})
    assert result.status == Status.DOWN
    assert result.reason.startswith("sign-in refused|535 5.7.8 ")
    assert "sign_in_seconds" not in result.figures


@HERE
async def test_a_certificate_that_ends_soon_is_degraded(post: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{post.mail.smtp}", warn_days=200, **post.account)
    assert (result.status, result.reason) == (Status.DEGRADED, "certificate expires soon|99")


@HERE
async def test_a_certificate_of_an_authority_that_nobody_knows_is_down(post: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{post.mail.smtp}")
    assert (result.status, result.reason) == (Status.DOWN, "certificate not trusted")


@HERE
async def test_a_certificate_for_another_name_is_down(post: Office) -> None:
    result = await probe(
        "smtp", f"127.0.0.1:{post.mail.smtp}", server_name="thu.khac.example", **post.account
    )
    assert (result.status, result.reason) == (Status.DOWN, "certificate for another name")


@HERE
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_an_expired_certificate_is_down_and_no_password_is_told(expired: Office, tls: str) -> None:
    port = expired.mail.smtp if tls == "starttls" else expired.mail.smtps
    result = await probe("smtp", f"127.0.0.1:{port}", tls=tls, **expired.account)
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")
    log = expired.folder / "postfix.log"
    until(lambda: "SSL_accept error" in log.read_text(), 60, "the server saw the handshake fail")
    assert "auth=" not in log.read_text()


@HERE
async def test_a_server_that_does_not_encrypt_is_down(in_the_clear: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{in_the_clear.mail.smtp}", **in_the_clear.account)
    assert (result.status, result.reason) == (Status.DOWN, "no starttls")


@HERE
async def test_a_server_that_need_not_encrypt_is_up(in_the_clear: Office) -> None:
    result = await probe("smtp", f"127.0.0.1:{in_the_clear.mail.smtp}", tls="none")
    assert (result.status, result.reason) == (Status.UP, "")


@HERE
async def test_starttls_that_is_taken_away_on_the_line_gets_no_password(post: Office) -> None:
    async with between(post.mail.smtp, [(b"250-STARTTLS", b"250-XXXXXXXX")]) as port:
        result = await probe("smtp", f"127.0.0.1:{port}", **post.account)
    assert (result.status, result.reason) == (Status.DOWN, "no starttls")


@HERE
async def test_words_put_in_before_the_handshake_are_seen(post: Office) -> None:
    ready = b"220 2.0.0 Ready to start TLS\r\n"
    async with between(post.mail.smtp, [(ready, ready + b"250 AUTH PLAIN\r\n")]) as port:
        result = await probe("smtp", f"127.0.0.1:{port}", **post.account)
    assert (result.status, result.reason) == (Status.DOWN, "bad answer|words before the handshake")


@HERE
async def test_an_account_signs_in_where_only_login_is_offered() -> None:
    with office(mechanisms="login") as old:
        result = await probe("smtp", f"127.0.0.1:{old.mail.smtp}", **old.account)
        refused = await probe("smtp", f"127.0.0.1:{old.mail.smtp}", **{**old.account, "password": "khác"})
    assert (result.status, result.reason) == (Status.UP, "")
    assert refused.reason.startswith("sign-in refused|535")


@HERE
async def test_a_server_without_a_known_way_to_sign_in_says_which_it_has() -> None:
    with office(mechanisms="cram-md5") as odd:
        result = await probe("smtp", f"127.0.0.1:{odd.mail.smtp}", **odd.account)
    assert (result.status, result.reason) == (Status.DOWN, "no sign-in|CRAM-MD5")


async def test_a_connection_that_is_half_open_is_silent_at_the_greeting() -> None:
    async with raw_server(None) as port:
        result = await probe("smtp", f"127.0.0.1:{port}", timeout_ms=4_000)
    assert (result.status, result.reason) == (Status.DOWN, "silent|greeting")
    assert set(result.figures) == {"resolve_seconds", "connect_seconds"}


async def test_who_falls_silent_later_is_told_where() -> None:
    async with scripted(b"220 mail.example\r\n", HELLO) as port:
        result = await probe("smtp", f"127.0.0.1:{port}", timeout_ms=4_000)
    assert (result.status, result.reason) == (Status.DOWN, "silent|STARTTLS")


async def test_who_never_shakes_hands_is_silent_at_that() -> None:
    async with scripted(b"220 mail.example\r\n", HELLO, b"220 go ahead\r\n") as port:
        result = await probe("smtp", f"127.0.0.1:{port}", timeout_ms=4_000)
    assert (result.status, result.reason) == (Status.DOWN, "silent|TLS")


async def test_who_will_not_talk_to_us_says_why() -> None:
    async with scripted(b"554 5.7.1 not from your network\r\n") as port:
        result = await probe("smtp", f"127.0.0.1:{port}")
    assert (result.status, result.reason) == (Status.DOWN, "status|554 5.7.1 not from your network")


async def test_who_has_no_word_for_farewell_is_up() -> None:
    async with scripted(b"220 mail.example\r\n", HELLO, b"250 ok\r\n") as port:
        result = await probe("smtp", f"127.0.0.1:{port}", tls="none")
    assert (result.status, result.reason) == (Status.UP, "")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "bad answer|not a reply"),
        (b"220-one\r\n221 two\r\n", "bad answer|two codes in one reply"),
        (b"220-more\r\n" * 200, "bad answer|a reply without end"),
        (b"220 " + b"x" * 100_000, "bad answer|long line"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_down(said: bytes, reason: str) -> None:
    async with scripted(said) as port:
        result = await probe("smtp", f"127.0.0.1:{port}")
    assert (result.status, result.reason) == (Status.DOWN, reason)


@pytest.mark.parametrize("turns", [(b"",), (b"220 mail.example\r\n", b"")])
async def test_who_hangs_up_is_down(turns: tuple[bytes, ...]) -> None:
    async with scripted(*turns) as port:
        result = await probe("smtp", f"127.0.0.1:{port}")
    assert (result.status, result.reason) == (Status.DOWN, "connection reset")


async def test_nobody_signs_in_where_nothing_is_encrypted() -> None:
    result = await probe("smtp", "127.0.0.1:25", tls="none", user=USER, password=PASSWORD)
    assert (result.status, result.reason) == (Status.UNKNOWN, "bad parameter|nobody signs in without TLS")


async def test_a_port_where_nobody_listens_is_refused() -> None:
    with nobody() as port:
        assert (await probe("smtp", f"127.0.0.1:{port}")).reason == "refused"


def test_an_address_is_a_name_for_ehlo() -> None:
    assert [_literal(a) for a in ("192.0.2.1", "fe80::1%eth0")] == ["[192.0.2.1]", "[IPv6:fe80::1]"]


def test_extensions_of_old_servers_are_read_as_well() -> None:
    found = extensions(Reply(250, ("mail.example", "auth=login", "AUTH PLAIN", "Size 1000")))
    assert found == {"AUTH": {"LOGIN", "PLAIN"}, "SIZE": {"1000"}}


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.from_regex(rb"[2-5][0-9]{2}[- ].{0,20}", fullmatch=True)),
        max_size=20,
    )
)
def test_any_lines_are_bad_input_or_replies(lines: list[bytes]) -> None:
    replies = Replies()
    with contextlib.suppress(BadInput):
        for line in lines:
            if (reply := replies.feed(line)) is not None:
                assert 200 <= reply.code <= 599
                assert reply.text.isprintable()
                extensions(reply)


@settings(max_examples=50)
@given(st.integers(200, 599), st.lists(st.text("abc XYZ=", max_size=10), min_size=1, max_size=20))
def test_what_a_server_says_in_many_lines_is_one_reply(code: int, texts: list[str]) -> None:
    replies, last = Replies(), len(texts) - 1
    found = [
        replies.feed(f"{code}{' ' if i == last else '-'}{text}".encode()) for i, text in enumerate(texts)
    ]
    assert found[:-1] == [None] * last
    assert found[-1] == Reply(code, tuple(" ".join(text.split()) for text in texts))
