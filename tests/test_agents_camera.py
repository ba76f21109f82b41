"""What cameras say, read: digests as the RFCs compute them, and every parser against bytes of any kind."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.camera import rtp, rtsp, sdp
from agents.camera.digest import Challenge, answer, challenges
from core.errors import BadInput

OURS = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
THEIRS = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
ASKED = (
    f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={{}}, nonce="{THEIRS}",'
    ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_a_digest_is_that_of_the_rfc(algorithm: str, response: str) -> None:
    """RFC 7616, section 3.9.1."""
    (asked,) = challenges([ASKED.format(algorithm)])
    told = answer(asked, "Mufasa", "Circle of Life", "GET", "/dir/index.html", nonce=OURS)
    assert told is not None
    assert f'response="{response}"' in told
    assert f"algorithm={algorithm}, qop=auth, nc=00000001" in told


def test_a_digest_without_qop_is_that_of_the_older_rfc() -> None:
    """RFC 2069, section 2.4, with its erratum: as most cameras want it."""
    (asked,) = challenges(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])
    told = answer(asked, "Mufasa", "CircleOfLife", "GET", "/dir/index.html", nonce=OURS)
    assert told is not None
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in told
    assert "qop" not in told


def test_what_a_password_cannot_be_read_from_is_answered_first() -> None:
    asked = challenges(
        ["Basic realm=x", "Digest nonce=a", "Negotiate", "Digest nonce=b, algorithm=SHA-256", "=", ""]
    )
    assert [(one.scheme, one.parameters.get("nonce")) for one in asked] == [
        ("digest", "b"),
        ("digest", "a"),
        ("basic", None),
        ("negotiate", None),
    ]


@pytest.mark.parametrize(
    "asked",
    [
        Challenge("digest", {"nonce": "a", "algorithm": "SHA-512-256"}),
        Challenge("digest", {"nonce": "a", "qop": "auth-int"}),
        Challenge("negotiate", {}),
    ],
)
def test_what_is_not_known_is_not_answered(asked: Challenge) -> None:
    assert answer(asked, "u", "p", "DESCRIBE", "rtsp://192.0.2.1/", nonce=OURS) is None


@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_any_challenge_is_answered_in_one_line_or_not_at_all(text: str, user: str, password: str) -> None:
    for value in (text, f"Digest {text}", f'Digest realm="{text}", nonce="{text}"'):
        for one in challenges([value]):
            told = answer(one, user, password, "DESCRIBE", "rtsp://192.0.2.1/", nonce=OURS)
            assert told is None or not {"\r", "\n"} & set(told)


@pytest.mark.parametrize(
    ("base", "path", "found"),
    [
        ("rtsp://192.0.2.1/live", "*", "rtsp://192.0.2.1/live"),
        ("rtsp://192.0.2.1/live", "", "rtsp://192.0.2.1/live"),
        ("rtsp://192.0.2.1/live", "trackID=1", "rtsp://192.0.2.1/live/trackID=1"),
        ("rtsp://192.0.2.1/live/", "trackID=1", "rtsp://192.0.2.1/live/trackID=1"),
        (
            "rtsp://192.0.2.1/cam?channel=1&subtype=0",
            "trackID=0",
            "rtsp://192.0.2.1/cam?channel=1&subtype=0/trackID=0",
        ),
        ("rtsp://192.0.2.1/live", "rtsp://192.0.2.1/live/video", "rtsp://192.0.2.1/live/video"),
    ],
)
def test_the_address_of_a_stream_is_found_as_cameras_mean_it(base: str, path: str, found: str) -> None:
    assert rtsp.control(base, path) == found


@pytest.mark.parametrize(
    "path", ["rtsp://192.0.2.2/live", "rtsp://192.0.2.1:81/", "a b", "a\r\nX: y", "rtsp://[/"]
)
def test_a_stream_is_not_looked_for_elsewhere(path: str) -> None:
    with pytest.raises(BadInput):
        rtsp.control("rtsp://192.0.2.1/live", path)


def test_the_head_of_an_answer_is_read() -> None:
    head = rtsp.head(
        [
            b"RTSP/1.0 401 Unauthorized",
            b"CSeq: 2",
            b"WWW-Authenticate: Digest a=b,",
            b" c=d",
            b"www-authenticate: Basic",
        ]
    )
    assert head.text == "401 Unauthorized"
    assert head.all("www-authenticate") == ["Digest a=b, c=d", "Basic"]
    assert (head.first("cseq"), head.first("session"), rtsp.length(head)) == ("2", "", 0)


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.just(b"RTSP/1.0 200 OK"), st.just(b"Content-Length: 7")),
        max_size=8,
    )
)
def test_any_lines_are_a_head_or_bad_input(lines: list[bytes]) -> None:
    with contextlib.suppress(BadInput):
        head = rtsp.head(lines)
        assert head.code == 0 or 100 <= head.code < 600
        assert head.words.isprintable()
        rtsp.session(head)
        assert rtsp.length(head) >= 0
        rtsp.channels(head)


@given(st.text(max_size=60))
def test_any_path_stays_with_its_server(path: str) -> None:
    with contextlib.suppress(BadInput):
        assert rtsp.control("rtsp://192.0.2.1/live", path).startswith("rtsp://192.0.2.1")


HIKVISION = b"""v=0
o=- 1700000000000000 1700000000000000 IN IP4 192.0.2.1
s=Media Presentation
b=AS:5050
t=0 0
a=control:rtsp://192.0.2.1/Streaming/Channels/101/
m=audio 0 RTP/AVP 0
a=control:rtsp://192.0.2.1/Streaming/Channels/101/trackID=2
m=video 0 RTP/AVP 96
b=AS:5000
a=recvonly
a=control:rtsp://192.0.2.1/Streaming/Channels/101/trackID=1
a=rtpmap:96 H265/90000
a=Media_header:MEDIAINFO=494D4B48010300000400000100000000;
"""


def test_a_description_as_cameras_write_it_is_read() -> None:
    found = sdp.read(HIKVISION.replace(b"\n", b"\r\n"))
    assert found.control == "rtsp://192.0.2.1/Streaming/Channels/101/"
    assert found.video == sdp.Media(
        "video", "RTP/AVP", 96, "H265", 90_000, "rtsp://192.0.2.1/Streaming/Channels/101/trackID=1"
    )


def test_video_with_a_number_of_its_own_needs_no_map() -> None:
    video = sdp.read(b"m=video 0 RTP/AVP 26\na=control:x\n").video
    assert video == sdp.Media("video", "RTP/AVP", 26, "JPEG", 90_000, "x")


@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.sampled_from(HIKVISION.splitlines()), max_size=30).map(b"\n".join),
    )
)
def test_any_bytes_are_a_description(data: bytes) -> None:
    for media in sdp.read(data).media:
        assert 0 <= media.payload < 128
        assert media.clock > 0


def packet(
    sequence: int, timestamp: int, *, ends: bool = False, source: bytes = b"cam1", body: bytes = b"x"
) -> bytes:
    head = bytes([0x80, 96 | (0x80 if ends else 0)]) + (sequence % 65536).to_bytes(2, "big")
    return head + (timestamp % 2**32).to_bytes(4, "big") + source + body


def sender_report(unix_s: float, timestamp: int) -> bytes:
    ntp = int((unix_s + 2_208_988_800) * 2**32) % 2**64
    return (
        bytes([0x80, 200, 0, 6])
        + b"cam1"
        + ntp.to_bytes(8, "big")
        + (timestamp % 2**32).to_bytes(4, "big")
        + bytes(8)
    )


@given(
    first=st.integers(0, 65535),
    begins=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=30),
    marked=st.booleans(),
)
def test_frames_are_counted_with_and_without_marks(
    first: int, begins: int, sizes: list[int], marked: bool
) -> None:
    frames, sequence = rtp.Frames(96, 90_000), first
    for number, size in enumerate(sizes):
        for part in range(size):
            frames.take(
                packet(sequence, begins + number * 9_000, ends=marked and part == size - 1), number / 10
            )
            sequence += 1
    assert frames.whole == (len(sizes) if marked else len(sizes) - 1)
    assert frames.lost == 0


@given(st.integers(0, 65535), st.sets(st.integers(1, 98), max_size=90))
def test_packets_that_were_lost_are_counted(first: int, lost: set[int]) -> None:
    frames = rtp.Frames(96, 90_000)
    for sequence in range(100):
        if sequence not in lost:
            frames.take(packet(first + sequence, sequence, ends=True), 0)
    assert frames.lost == len(lost)


@given(
    taken=st.integers(0, 4_000_000_000),
    ticks=st.integers(0, 2**32 - 1),
    later_ticks=st.integers(-900_000, 900_000),
    age=st.floats(0, 3_600),
)
def test_the_age_of_a_frame_follows_from_the_senders_clock(
    taken: int, ticks: int, later_ticks: int, age: float
) -> None:
    frames = rtp.Frames(96, 90_000)
    frames.learn(sender_report(taken, ticks))
    frames.take(packet(1, ticks + later_ticks, ends=True), 0)
    found = frames.age(taken + later_ticks / 90_000 + age)
    assert found == pytest.approx(age, abs=1e-3)


def test_a_stranger_in_the_stream_is_passed_over() -> None:
    frames = rtp.Frames(96, 90_000)
    frames.take(packet(1, 5), 0)
    frames.take(packet(900, 9, ends=True, source=b"cam2"), 0)
    frames.take(packet(2, 5, ends=True, body=b""), 0)
    assert (frames.whole, frames.packets) == (0, 1)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=10), st.binary(max_size=60))
def test_any_packets_are_taken_or_passed_over(packets: list[tuple[bool, bytes]], data: bytes) -> None:
    frames = rtp.Frames(96, 90_000)
    for is_report, raw in packets:
        if is_report:
            frames.learn(bytes([0x80, 200]) + raw)
        else:
            frames.take(b"\x80\xe0" + raw, 1.0)
    assert frames.age(0) is None or isinstance(frames.age(0), float)
    rtp.report(data)
    with contextlib.suppress(BadInput):
        assert rtp.packet(data).size >= 0
