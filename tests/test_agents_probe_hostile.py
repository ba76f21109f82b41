"""Check targets that mean harm: whatever they say, a visit ends with a clear result, in time, and the agent is as it was.

Each family of targets is visited by an agent in a process of its own (`support_harm`), several times over: what the
targets got rid of, the CPU seconds and the memory of each visit are bounded.
"""

import gzip
import itertools
import json
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme
from support_harm import Script, Words, target, visits

VISITS = 4
KIB, MIB = 1 << 10, 1 << 20
LIMIT = 256 * KIB
"""Bytes of a page that the probes read, unless told otherwise."""
HIGHEST, LEFT, STILL_GROWING = 10.0, 6.0, 2.0
"""MiB above what the agent had after its first visit to a page that means well: while it visits, after all of a
family, and since the second visit to each."""
CPU_S = 3.0
"""Of a visit at most; pages that nothing bounded took twenty and more."""
TO_THE_DEADLINE_MS = 300


@dataclass(frozen=True)
class Harm:
    """`reason` is its beginning; `sent`: bytes that one visit may take at most."""

    kind: str
    script: Script
    reason: str
    params: Mapping[str, Any] = field(default_factory=dict)
    sent: int = 2 * LIMIT + MIB
    secure: bool = False
    asked: bool = True
    timeout_ms: int = 30_000
    visitors: int = 1
    """At most, of one visit."""
    tickets: int | None = None
    """The target speaks TLS, and gives so many after each handshake."""


def says(*words: Words) -> Script:
    return lambda: words


def endless(start: bytes, *piece: Words) -> Script:
    return lambda: itertools.chain((start,), itertools.cycle(piece))


def slowly(start: bytes, rest: bytes) -> Script:
    """Byte by byte."""

    def script() -> Iterator[Words]:
        yield start
        for byte in itertools.cycle(rest):
            yield bytes([byte])
            yield 0.02

    return script


def head(*fields: str, status: str = "200 OK", media: str = "text/html") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", f"Content-Type: {media}", *fields, "", "")).encode()


def page(body: str | bytes, *fields: str, **told: str) -> Script:
    body = body if isinstance(body, bytes) else body.encode()
    return says(head(f"Content-Length: {len(body)}", "Connection: close", *fields, **told) + body)


CHUNKED, SIZED = head("Transfer-Encoding: chunked"), head(f"Content-Length: {100 * MIB}")
NO_ANSWER = "bad answer"
UNREAD = "page cannot be read|#1"
WANTED = {"body_contains": "không có ở đây"}
PACKED = gzip.compress(bytes(64 * MIB), 9)
BARE = zlib.compressobj(9, wbits=-15)
BARE_PACKED = BARE.compress(bytes(64 * MIB)) + BARE.flush()


def steps(*of: Mapping[str, Any]) -> dict[str, Any]:
    return {"steps": [{"name": str(n), "url": "/", **step} for n, step in enumerate(of, 1)]}


def visit(script: Script, reason: str, *of: Mapping[str, Any], **harm: Any) -> Harm:
    return Harm("scenario", script, reason, steps(*(of or ({},))), **harm)


def zipped(coding: str, body: bytes) -> Script:
    return page(body, f"Content-Encoding: {coding}")


def large() -> Mapping[str, Harm]:
    lost = {"expect": {"text": "không có ở đây"}}
    large = {
        "100 MB": endless(SIZED, b"x" * 64 * KIB),
        "without end": endless(head(), b"x" * 64 * KIB),
        "chunks without end": endless(CHUNKED, b"10000\r\n" + b"x" * 64 * KIB + b"\r\n"),
    }
    found = {
        f"http: {name}": Harm("http", script, "body lacks text", WANTED) for name, script in large.items()
    }
    found |= {
        f"scenario: {name}": visit(script, f"too large|{LIMIT}|#1", lost) for name, script in large.items()
    }
    found["http: up, and no more read"] = Harm("http", large["100 MB"], "")
    found["timestamp"] = Harm("timestamp", large["without end"], "too large|131072")
    found["onvif"] = Harm("onvif", large["100 MB"], "bad answer|too long")
    ca = trustme.CA()
    root, leaf = ca.cert_pem.bytes().decode(), ca.issue_cert("a.example").cert_chain_pems[0].bytes().decode()
    found["ocsp"] = Harm("ocsp", large["100 MB"], "too large|65536", {"certificate": leaf, "issuer": root})
    found["crl"] = Harm(
        "crl", large["chunks without end"], "too large|500000", {"issuer": root, "max_body_bytes": 500_000}
    )
    return found


def heads() -> Mapping[str, Harm]:
    scripts = {
        "a status without end": endless(b"HTTP/1.1 200 ", b"x" * KIB),
        "a field without end": endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * KIB),
        "fields without end": endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 100),
        "a hundred thousand fields": says(head(*(f"X{n}: y" for n in range(100_000)))),
        "interim answers without end": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        "no HTTP": endless(b"", bytes(range(256)) * 4),
        "two lengths": says(head("Content-Length: 1", "Content-Length: 2") + b"xx"),
        "a length below nothing": says(head("Content-Length: -1") + b"xx"),
        "a length without end": says(head(f"Content-Length: {'9' * 5_000}") + b"xx"),
        "nothing": says(b""),
    }
    return {
        f"{kind}: {name}": harm
        for name, script in scripts.items()
        for kind, harm in (
            ("http", Harm("http", script, NO_ANSWER)),
            ("scenario", visit(script, f"{NO_ANSWER}|#1")),
            ("timestamp", Harm("timestamp", script, NO_ANSWER)),
        )
    }


def chunks() -> Mapping[str, Harm]:
    scripts = {
        "of one byte, without end": endless(CHUNKED, b"1\r\nx\r\n" * 1_000),
        "an extension without end": endless(CHUNKED + b"1;a=", b"x" * KIB),
        "a size of hundreds of digits": says(CHUNKED + b"f" * 400 + b"\r\n", 0.01),
        "a size beyond all": says(CHUNKED + b"f" * 16 + b"\r\n" + b"x" * 100),
        "a size below nothing": says(CHUNKED + b"-1\r\nx\r\n"),
        "no size": says(CHUNKED + b"zz\r\nx\r\n"),
        "more than its size": says(CHUNKED + b"1\r\nxxxxxxxx\r\n0\r\n\r\n"),
        "less than its size": says(CHUNKED + b"ff\r\nx"),
        "trailers without end": endless(CHUNKED + b"0\r\n", b"X: y\r\n" * 100),
        "a length as well": says(head("Transfer-Encoding: chunked", "Content-Length: 3") + b"zz\r\n"),
        "less than the length": says(head("Content-Length: 100") + b"x"),
        "another coding": says(head("Transfer-Encoding: gzip, chunked") + PACKED[:1_000]),
    }
    return {
        f"{kind}: {name}": harm
        for name, script in scripts.items()
        for kind, harm in (
            ("http", Harm("http", script, NO_ANSWER, WANTED, sent=3 * MIB)),
            ("scenario", visit(script, f"{NO_ANSWER}|#1", sent=3 * MIB)),
        )
    }


def packed() -> Mapping[str, Harm]:
    lost = {"expect": {"text": "không có ở đây"}}
    bombs = {
        "gzip": zipped("gzip", PACKED),
        "deflate": zipped("deflate", zlib.compress(bytes(64 * MIB), 9)),
        "deflate without its frame": zipped("deflate", BARE_PACKED),
        "gzip in gzip": zipped("gzip", gzip.compress(PACKED, 9) + bytes(LIMIT)),
    }
    found = {
        "http: gzip": Harm("http", bombs["gzip"], "body lacks text", WANTED),
        "http: deflate": Harm("http", bombs["deflate"], "body lacks text", WANTED),
        "timestamp: gzip": Harm("timestamp", bombs["gzip"], NO_ANSWER),
        "onvif: gzip": Harm("onvif", bombs["gzip"], "bad answer|too long"),
    }
    for name in ("gzip", "deflate", "deflate without its frame"):
        found[f"scenario: {name}"] = visit(bombs[name], f"too large|{LIMIT}|#1", lost)
    refused = {
        "twice": zipped("gzip, gzip", gzip.compress(PACKED, 9)),
        "zstd": zipped("zstd", b"\x28\xb5\x2f\xfd" + bytes(1_000)),
        "br": zipped("br", bytes(1_000)),
        "none": zipped("gzip", b"<html>" * 1_000),
        "broken": zipped("gzip", PACKED[:20] + b"\xff" * 1_000),
    }
    for name, script in refused.items():
        found[f"http: {name}"] = Harm("http", script, NO_ANSWER, WANTED)
        found[f"scenario: {name}"] = visit(script, f"{NO_ANSWER}|#1", lost)
    return found


def redirects() -> Mapping[str, Harm]:
    def to(where: str, body: bytes = b"") -> Script:
        return says(
            head(
                f"Location: {where}", f"Content-Length: {len(body)}", "Connection: close", status="302 Found"
            )
            + body
        )

    return {
        "without end": visit(to("/"), "too many redirects|10|#1", visitors=11),
        "that grow": visit(to("?" + "x" * 8_000), "too many redirects|10|#1", visitors=11),
        "of many words": visit(to("/", b"x" * LIMIT), "too many redirects|10|#1", visitors=11, sent=12 * LIMIT),
        "of words without end": visit(
            endless(head("Location: /", status="302 Found"), b"x" * KIB), "too many redirects|10|#1", visitors=11, sent=24 * LIMIT
        ),
        "a link without end": visit(to("/" + "x" * 10_000), "bad redirect|#1"),
        "nowhere": visit(to("javascript:alert(1)"), "bad redirect|#1"),
        "to a file": visit(to("file:///etc/passwd"), "bad redirect|#1"),
        "http: is an answer": Harm("http", to("/"), "status|302"),
        "timestamp": Harm("timestamp", to("/"), "status|302"),
    }  # fmt: skip


def slow() -> Mapping[str, Harm]:
    late: dict[str, Any] = {"timeout_ms": TO_THE_DEADLINE_MS}
    scripts = {
        "says nothing": says(60.0),
        "a head byte by byte": slowly(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        "a body byte by byte": slowly(SIZED, b"<p>"),
        "chunks byte by byte": slowly(CHUNKED, b"1\r\nx\r\n"),
        "no end": says(head("Content-Length: 100") + b"x", 60.0),
    }
    found = {f"http: {name}": Harm("http", script, "timeout", **late) for name, script in scripts.items()}
    found |= {f"scenario: {name}": visit(script, "timeout|#1", **late) for name, script in scripts.items()}
    found |= {
        f"timestamp: {name}": Harm("timestamp", script, "timeout", **late) for name, script in scripts.items()
    }
    for kind in ("tls", "http"):
        found[f"{kind}: a handshake that says nothing"] = Harm(
            kind, says(60.0), "timeout", secure=True, asked=False, **late
        )
        found[f"{kind}: a handshake byte by byte"] = Harm(
            kind,
            slowly(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x03"),
            "timeout",
            secure=True,
            asked=False,
            **late,
        )
    for kind in ("smtp", "imap"):
        params = {"tls": "none"}
        # These have to be connected by then.
        late = {"timeout_ms": 8 * TO_THE_DEADLINE_MS}
        found[f"{kind}: says nothing"] = Harm(
            kind, says(60.0), "silent|greeting", params, asked=False, **late
        )
        found[f"{kind}: byte by byte"] = Harm(
            kind, slowly(b"", b"a"), "silent|greeting", params, asked=False, **late
        )
    return found


def handshakes() -> Mapping[str, Harm]:
    hello = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"
    scripts = {
        "no TLS": says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "garbage": endless(b"", bytes(range(255, -1, -1)) * 64),
        "half of one": says(hello + bytes(10)),
        "a record of the largest size": endless(b"\x16\x03\x03\xff\xff", bytes(16 * KIB)),
        "a message of the largest size": endless(
            b"", b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + bytes(16 * KIB - 4)
        ),
        "records of nothing": endless(b"", b"\x16\x03\x03\x00\x00" * 1_000),
        "warnings without end": endless(b"", b"\x15\x03\x03\x00\x02\x01\x5a" * 1_000),
        "an alert": says(b"\x15\x03\x03\x00\x02\x02\x28"),
        "SSL 2": says(b"\x80\x2e\x04\x00\x00" + bytes(100)),
        "nothing": says(b""),
    }
    hung_up = ("half of one", "nothing")
    found = {
        f"{kind}: {name}": Harm(
            kind,
            script,
            "connection reset" if name in hung_up else "tls failed|",
            params,
            secure=True,
            asked=False,
            visitors=2,
        )
        for name, script in scripts.items()
        for kind, params in (
            ("tls", {}),
            ("http", {}),
            ("scenario", steps({})),
            ("imap", {"tls": "implicit"}),
        )
    }
    for kind, params in (("http", {}), ("scenario", steps({}))):
        found[f"{kind}: tickets without end"] = Harm(
            kind,
            says(60.0),
            "tls failed|words without end",
            {**params, "verify": False},
            secure=True,
            asked=False,
            tickets=20_000,
        )
    return found


CSS = {"save": {"a": {"css": "div.x > span[title=y]:nth-of-type(3)"}}}
SUBMIT = {"submit": "form#none"}
FAILING = {"expect": {"status": 404}}


def pages() -> Mapping[str, Harm]:
    bodies: dict[str, str | bytes] = {
        "a hundred thousand within each other": "<div>" * 100_000,
        "as many kinds": "".join(f"<a{n}>" for n in range(100_000)),
        "a hundred thousand attributes": "<a " + " ".join(f"a{n}" for n in range(100_000)) + "><b>",
        "attributes that fit": "<a =x " + " ".join(f"a{n}" for n in range(30_000)) + "><b>",
        "a tag without end": "<a" + "x" * 400_000,
        "an attribute without end": "<a b='" + "x" * 400_000,
        "a comment without end": "<!--" * 100_000,
        "a script without end": "<script>" * 50_000,
        "NULs": "\0<\0d\0i\0v\0>" * 40_000,
        "paragraphs": "<p>" * 100_000,
        "lists": "<ul><li>" * 40_000,
        "tables": "<table><tr><td>" * 20_000,
        "ends of nothing": "<i>" * 300 + "</p></b>" * 30_000,
        "words": "ab<b>" * 60_000,
        "one word": "x" * 400_000,
        "references": "&notit;&#x110000;&#0;&" * 15_000,
        "signs": "<" * 150_000 + "&" * 150_000,
        "fields": "<form id=f>"
        + "".join(f"<input type=hidden name=n{n} value=v{n}xx>" for n in range(9_000)),
        "classes": "<b class='" + "c " * 120_000 + "'>",
        "not UTF-8": b"\xf0\x9f<p>\xc0\x80\xff" * 40_000,
        "beyond the plane": "😀" * 65_000,
    }
    found = {}
    for name, body in bodies.items():
        found[f"{name}: searched"] = visit(page(body), "", CSS)
        found[f"{name}: for a form"] = visit(page(body), "", {}, SUBMIT, visitors=2)
        found[f"{name}: told of"] = visit(page(body), "status|200|#1", FAILING)
    for charset in ("utf-16", "utf-7", "idna", "punycode", "unicode_escape", "zip", "hex", "", "x" * 1_000):
        body = b"\xff\xfe" + "a<b>".encode("utf-16-le") * 20_000
        found[f"charset {charset[:20]}"] = visit(
            page(body, media=f"text/html; charset={charset}"), "status|200|#1", FAILING
        )
    many = {"form": {"a": "b"}, "submit": "#f", **FAILING}
    hidden = "<form id=f method=post>" + "".join(
        f"<input type=hidden name=n{n} value=v{n}xx>" for n in range(1_000)
    )
    found["a thousand fields to be kept out"] = visit(
        page(hidden + "</form>" + "chữ " * 10_000), "status|200|#2", {}, many, visitors=2, sent=4 * LIMIT
    )
    return found


def values() -> Mapping[str, Harm]:
    bodies: dict[str, tuple[str, str]] = {
        "a hundred thousand deep": ("[" * 100_000, UNREAD),
        "deep, and closed": ('{"a":' * 100_000 + "1" + "}" * 100_000, UNREAD),
        "deep": ("[" * 10_000 + "]" * 10_000, "not json"),
        "a hundred thousand keys": (json.dumps({f"k{n}": n for n in range(100_000)}), "too large"),
        "as many as fit": ("{" + ",".join(f'"{n:x}":0' for n in range(27_000)) + "}", UNREAD),
        "empty lists": ("[" + ",".join(["[]"] * 87_000) + "]", UNREAD),
        "empty objects": ("[" + ",".join(["{}"] * 87_000) + "]", UNREAD),
        "short texts": ("[" + ",".join(['"ab"'] * 52_000) + "]", UNREAD),
        "objects": ("[" + ",".join(['{"a":[]}'] * 29_000) + "]", UNREAD),
        "as many keys as are read": (
            "{" + ",".join(f'"{n:x}":0' for n in range(24_000)) + "}",
            "json differs",
        ),
        "as many lists": ("[" + ",".join(["[]"] * 12_000) + "]", "json differs"),
        "as many objects": ("[" + ",".join(['{"a":{}}'] * 8_000) + "]", "json differs"),
        "one number": ("9" * 200_000, ""),
        "a number beyond all": ("1e" + "9" * 1_000, ""),
        "surrogates": ('"' + "\\ud800" * 40_000 + '"', "not json"),
        "one text": ('"' + "\\u0111" * 43_000 + '"', "json differs"),
        "no JSON": ("<html>" * 10_000, "not json"),
    }
    return {
        f"{name}: {path}": visit(
            page(body, media="application/json"), reason, {"expect": {"json": {path: 1}}}, {},
        )
        for name, (body, reason) in bodies.items()
        for path in ("$.none", "$..none[?@.a == 'x']..*")
    }  # fmt: skip


def mail() -> Mapping[str, Harm]:
    def ask(*more: Words) -> Script:
        return says(b"* OK [CAPABILITY IMAP4rev1] x\r\n", 0.05, *more)

    plain = {"tls": "none"}
    found = {
        "smtp: a line without end": Harm("smtp", endless(b"220 ", b"x" * KIB), "bad answer|long line", plain, asked=False),
        "smtp: a reply without end": Harm("smtp", endless(b"", b"220-x\r\n"), "bad answer|a reply without end", plain, asked=False),
        "smtp: replies without end": Harm("smtp", endless(b"", b"250 x\r\n"), "", plain, asked=False),
        "smtp: no mail": Harm("smtp", endless(b"", bytes(range(256))), "bad answer", plain, asked=False),
        "imap: a line without end": Harm("imap", endless(b"* OK ", b"x" * KIB), "bad answer|long line", plain, asked=False),
        "imap: a greeting of 4 GB": Harm("imap", endless(b"* OK {4294967295}\r\n", b"x" * KIB), "bad answer", plain, asked=False),
        "imap: responses without end": Harm("imap", lambda: itertools.chain(ask()(), itertools.cycle((b"* 1 EXISTS\r\n" * 100,))), "bad answer|too long", plain, asked=False),
        "imap: literals without end": Harm("imap", lambda: itertools.chain(ask()(), itertools.cycle((b"* X {2}\r\nab" * 100,))), "", plain, asked=False),
        "imap: no mail": Harm("imap", endless(b"", b"\0\r\n" * 100), "bad answer", plain, asked=False),
    }  # fmt: skip
    for kind, words in (("smtp", b"220 x\r\n"), ("imap", b"* OK x\r\n")):
        found[f"{kind}: garbage for TLS"] = Harm(
            kind, endless(words, bytes(KIB)), "", {"tls": "starttls"}, asked=False
        )
    return found


def good() -> Mapping[str, Harm]:
    """What an agent meets every day: what it has loaded after that is its own."""
    script = page("<form id=f><input name=a value='&eacute;'></form>")
    sent = {"sent": MIB, "visitors": 2}
    return {
        "well": visit(script, "", {}, {"submit": "#f"}, **sent),
        "well behind TLS": Harm(
            "scenario", script, "certificate not trusted|#1", steps({}), secure=True, tickets=2
        ),
    }


FAMILIES = (large, heads, chunks, packed, redirects, slow, handshakes, pages, values, mail)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
async def test_whatever_a_target_says_the_visit_ends_clearly_and_the_agent_is_as_it_was(
    family: Callable[[], Mapping[str, Harm]],
) -> None:
    harms: Mapping[str, Harm] = {**good(), **family()}
    async with AsyncExitStack() as stack:
        targets = {
            name: await stack.enter_async_context(
                target(harm.script, asked=harm.asked, trust=_trust(harm.tickets))
            )
            for name, harm in harms.items()
        }
        checks = [_check(harm, targets[name].port) for name, harm in harms.items()]
        told = await visits(checks, VISITS)
    before, after, faults = told[1][-1].after, told[-1][-1].after, []
    for (name, harm), results in zip(harms.items(), told, strict=True):
        worst = max(results, key=lambda visit: visit.cpu_s).cpu_s
        high = max(visit.highest for visit in results) - before
        grew = results[-1].after - results[1].after
        sent, came = targets[name].sent / VISITS, targets[name].visitors / VISITS
        reasons = {visit.reason for visit in results}
        late = harm.reason.startswith("timeout")
        if any(not reason.startswith(harm.reason) or ("timeout" in reason) > late for reason in reasons):
            faults.append(f"{name}: {reasons}")
        if (
            sent > harm.sent
            or came > harm.visitors
            or worst > CPU_S
            or high > HIGHEST
            or grew > STILL_GROWING
        ):
            faults.append(f"{name}: {sent=} {came=} {worst=} {high=} {grew=}")
    assert not faults
    assert after - before < LEFT


def _check(harm: Harm, port: int) -> tuple[str, str, int, dict[str, Any]]:
    where = f"127.0.0.1:{port}"
    if harm.kind not in ("tls", "smtp", "imap"):
        where = f"{'https' if harm.secure else 'http'}://{where}/"
    return harm.kind, where, harm.timeout_ms, dict(harm.params)


def _trust(tickets: int | None) -> ssl.SSLContext | None:
    """Of a server whose authority nobody knows."""
    if tickets is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    context.num_tickets = tickets
    return context
