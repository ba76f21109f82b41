"""The IMAP probe against Debian's dovecot, those who stand between, and servers that break the rules."""

import asyncio
import contextlib
import os
import smtplib
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from imaplib import Time2Internaldate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_mail import HERE, PASSWORD, USER, Office, between, office, scripted
from support_probes import probe, raw_server
from support_processes import until

from agents.mail.responses import capabilities, condition, exists, literal, received_at
from core.clock import SystemClock
from core.errors import BadInput
from core.values import Status
from lab.eoffice.mail import DOMAIN

DAY = timedelta(days=1)
HELLO = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"


@pytest.fixture(scope="module")
def post() -> Iterator[Office]:
    with office() as running:
        yield running


@pytest.fixture(scope="module")
def expired() -> Iterator[Office]:
    with office(ends=timedelta(hours=-1)) as running:
        yield running


def deliver(post: Office) -> Path:
    """A mail by way of the real servers; the file that it became."""
    box = post.folder / "homes" / USER / "Maildir" / "new"
    with smtplib.SMTP("127.0.0.1", post.mail.smtp, timeout=60) as client:
        client.starttls(context=ssl.create_default_context(cafile=post.ca_file))
        client.sendmail(f"van.thu@{DOMAIN}", f"{USER}@{DOMAIN}", "Subject: cong van 12\n\nKinh gui")
    until(lambda: box.is_dir() and any(box.iterdir()), 60, "the mail is there")
    return next(box.iterdir())


@HERE
async def test_a_watch_account_signs_in_and_opens_its_inbox(post: Office) -> None:
    result = await probe("imap", f"127.0.0.1:{post.mail.imaps}", **post.account)
    figures = result.figures
    assert (result.status, result.reason) == (Status.UP, "")
    assert figures["messages"] == 0
    phases = ("resolve", "connect", "tls", "greeting", "sign_in", "open")
    assert 0 < sum(figures[f"{phase}_seconds"] for phase in phases) < figures["total_seconds"]
    assert 99 < figures["certificate_days_left"] < 100


@HERE
async def test_a_watch_account_signs_in_after_starttls(post: Office) -> None:
    result = await probe("imap", f"127.0.0.1:{post.mail.imap}", tls="starttls", **post.account)
    assert (result.status, result.reason) == (Status.UP, "")


@HERE
async def test_without_an_account_the_server_is_greeted_and_its_certificate_looked_at(post: Office) -> None:
    result = await probe("imap", f"127.0.0.1:{post.mail.imaps}", ca_file=post.ca_file)
    assert result.status == Status.UP
    assert "messages" not in result.figures


@HERE
async def test_an_inbox_without_mail_has_no_newest_message(post: Office) -> None:
    result = await probe("imap", f"127.0.0.1:{post.mail.imaps}", max_message_age_s=3600, **post.account)
    assert (result.status, result.reason) == (Status.DEGRADED, "no message")


@HERE
async def test_mail_that_stopped_coming_is_seen_and_stays_unread() -> None:
    with office() as post:
        target = f"127.0.0.1:{post.mail.imaps}"
        mail = deliver(post)
        fresh = await probe("imap", target, max_message_age_s=3600, **post.account)
        os.utime(mail, (0, SystemClock().now() / 1000 - 7200))
        async with asyncio.timeout(60):
            while True:
                # What dovecot keeps of it is as old as the mail was, and may be written a while after we have left.
                for kept in mail.parent.parent.glob("dovecot*"):
                    kept.unlink(missing_ok=True)
                old = await probe("imap", target, max_message_age_s=3600, **post.account)
                if old.figures.get("newest_message_age_seconds", 0) > 7000:
                    break
        unread = list(mail.parent.iterdir())
    assert (fresh.status, fresh.figures["messages"]) == (Status.UP, 1)
    assert -1 <= fresh.figures["newest_message_age_seconds"] < 60
    assert (old.status, old.reason.partition("|")[0]) == (Status.DEGRADED, "old message")
    assert 7199 < old.figures["newest_message_age_seconds"] < 7300
    assert unread == [mail]


@HERE
async def test_a_wrong_password_is_refused(post: Office) -> None:
    result = await probe("imap", f"127.0.0.1:{post.mail.imaps}", **{**post.account, "password": "khác"})
    assert (result.status, result.reason) == (
        Status.DOWN,
        "sign-in refused|NO [AUTHENTICATIONFAILED] Authentication failed.",
    )


@HERE
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_an_expired_certificate_is_down_and_no_password_is_told(expired: Office, tls: str) -> None:
    port = expired.mail.imap if tls == "starttls" else expired.mail.imaps
    result = await probe("imap", f"127.0.0.1:{port}", tls=tls, **expired.account)
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")
    log = expired.folder / "dovecot.log"
    until(lambda: "TLS handshaking: Connection closed" in log.read_text(), 60, "the server saw us leave")
    assert "user=<theo" not in log.read_text()


@HERE
async def test_a_server_that_does_not_encrypt_is_down() -> None:
    with office(tls=False) as plain:
        result = await probe("imap", f"127.0.0.1:{plain.mail.imap}", tls="starttls", **plain.account)
        nobody = await probe("imap", f"127.0.0.1:{plain.mail.imap}", tls="none")
    assert (result.status, result.reason) == (Status.DOWN, "no starttls")
    assert (nobody.status, nobody.reason) == (Status.UP, "")


@HERE
async def test_starttls_that_is_taken_away_on_the_line_gets_no_password(post: Office) -> None:
    async with between(post.mail.imap, [(b" STARTTLS", b" XXXXXXXX")]) as port:
        result = await probe("imap", f"127.0.0.1:{port}", tls="starttls", **post.account)
    assert (result.status, result.reason) == (Status.DOWN, "no starttls")


@HERE
async def test_words_put_in_before_the_handshake_are_seen(post: Office) -> None:
    ready = b"n1 OK Begin TLS negotiation now.\r\n"
    async with between(post.mail.imap, [(ready, ready + b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")]) as port:
        result = await probe("imap", f"127.0.0.1:{port}", tls="starttls", **post.account)
    assert (result.status, result.reason) == (Status.DOWN, "bad answer|words before the handshake")


@HERE
async def test_a_certificate_for_another_name_is_down(post: Office) -> None:
    result = await probe(
        "imap", f"127.0.0.1:{post.mail.imaps}", server_name="thu.khac.example", **post.account
    )
    assert (result.status, result.reason) == (Status.DOWN, "certificate for another name")


async def test_a_connection_that_is_half_open_is_silent_at_the_greeting() -> None:
    async with raw_server(None) as port:
        result = await probe("imap", f"127.0.0.1:{port}", tls="starttls", timeout_ms=3_000)
    assert (result.status, result.reason) == (Status.DOWN, "silent|greeting")


async def test_a_server_that_is_silent_at_the_handshake_is_told_so() -> None:
    async with raw_server(None) as port:
        result = await probe("imap", f"127.0.0.1:{port}", timeout_ms=3_000)
    assert (result.status, result.reason) == (Status.DOWN, "silent|TLS")


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ((b"* BYE too many connections\r\n",), "status|BYE too many connections"),
        ((b"220 mail.example ESMTP\r\n",), "bad answer|no greeting"),
        ((b"* PREAUTH welcome\r\n",), "bad answer|no greeting"),
        ((b"* OK " + b"x" * 100_000,), "bad answer|long line"),
        ((b"* OK {999999999}\r\n",), "bad answer|too long"),
        ((HELLO, b"n1 BAD what\r\n"), "status|BAD what"),
        ((HELLO, b"* BYE see you\r\n"), "status|BYE see you"),
        ((HELLO, b"* 1 EXISTS\r\n" * 10_000), "bad answer|too long"),
        ((HELLO, b""), "connection reset"),
    ],
)
async def test_an_answer_that_is_none_is_down(turns: tuple[bytes, ...], reason: str) -> None:
    async with scripted(*turns) as port:
        result = await probe("imap", f"127.0.0.1:{port}", tls="starttls")
    assert (result.status, result.reason) == (Status.DOWN, reason)


async def test_nobody_signs_in_where_nothing_is_encrypted() -> None:
    result = await probe("imap", "127.0.0.1", tls="none", user=USER, password=PASSWORD)
    assert (result.status, result.reason) == (Status.UNKNOWN, "bad parameter|nobody signs in without TLS")


async def test_a_password_cannot_hold_a_command() -> None:
    result = await probe("imap", "127.0.0.1", user=USER, password='x"\r\nn3 DELETE INBOX')
    assert (result.status, result.reason) == (
        Status.UNKNOWN,
        "bad parameter|a sign that no name or password may have",
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"n2 OK done", ("OK", "done")),
        (b"n2 no [UNAVAILABLE] later", ("NO", "[UNAVAILABLE] later")),
        (b"* OK not ours", None),
        (b"n2 FETCH", None),
        (b"", None),
    ],
)
def test_the_answer_to_a_command_is_known_by_its_tag(line: bytes, found: tuple[str, str] | None) -> None:
    assert condition(line, "n2") == found


def test_capabilities_come_as_data_and_in_brackets() -> None:
    expected = {"IMAP4REV1", "AUTH=PLAIN"}
    assert capabilities(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN") == expected
    assert capabilities(b"n1 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] signed in") == expected
    assert capabilities(b"* OK hello") is None


@settings(max_examples=100)
@given(st.integers(0, 7_000_000_000), st.integers(-12 * 60, 14 * 60))
def test_a_date_is_read_as_the_standard_library_writes_it(seconds: int, zone_minutes: int) -> None:
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=zone_minutes)))
    written = Time2Internaldate(moment)
    assert received_at(f"* 3 FETCH (INTERNALDATE {written})".encode()) == moment.timestamp() * 1000


@given(
    st.one_of(
        st.binary(max_size=80),
        st.from_regex(
            rb'\* 1 FETCH \(INTERNALDATE "[ \d]\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"\)',
            fullmatch=True,
        ),
    )
)
def test_any_response_is_read_or_bad_input(line: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(received_at(line), int | None)
    assert literal(line) >= 0
    exists(line)
    capabilities(line)
    condition(line, "*")
