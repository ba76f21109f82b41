"""Signing in: sessions, cookies, limits, forged requests, roles."""

from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from support_web import ORIGIN, PASSWORD, QUICK, Web, web

from core.errors import BadInput
from web.auth import Role, User
from web.auth.auth import IDLE_MS, LIFE_MS, PER_ACCOUNT, PER_ADDRESS, WINDOW_MS
from web.auth.guard import same_origin
from web.auth.limiter import Limiter, network_of
from web.auth.secrets import Passwords, csrf_of, digest, new_password
from web.auth.tokens import create_token, user_of_token
from web.auth.users import add_user, create_first_admin, remove_user, set_password, users
from web.tables import API_TOKENS, SESSIONS, USERS

FORM = {"name": "lan", "password": PASSWORD}


@pytest.fixture
async def nhip(tmp_path: Path):
    async with web(tmp_path) as made:
        add_user(made.state, "lan", Role.TECHNICIAN, PASSWORD, made.clock.now(), QUICK)
        yield made


async def sign_in(client: httpx2.AsyncClient, **form: str) -> httpx2.Response:
    return await client.post("/sign-in", data=FORM | form, headers=ORIGIN)


def session_in(client: httpx2.AsyncClient) -> str:
    return str(client.cookies["nhip"])


async def test_the_right_password_opens_a_session(nhip: Web):
    client = nhip.client()
    answer = await sign_in(client, next="/units/11950")
    assert (answer.status_code, answer.headers["location"]) == (303, "/units/11950")
    assert (await client.get("/api/v1/me")).json() == {"name": "lan", "role": "technician", "program": False}


async def test_names_are_the_same_in_any_case(nhip: Web):
    assert (await sign_in(nhip.client(), name=" LAN ")).status_code == 303


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(nhip: Web):
    wrong = await sign_in(nhip.client(), password="something else")
    unknown = await sign_in(nhip.client(), name="lam")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text
    assert "set-cookie" not in wrong.headers


def test_checking_an_unknown_name_hashes_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch):
    hashed = []

    class Counting:
        def hash(self, password):
            return "$stored"

        def verify(self, stored, password):
            hashed.append((stored, password))
            return True

    passwords = Passwords(Counting())  # type: ignore[arg-type]
    assert passwords.verify("$stored", "x")
    assert not passwords.verify(None, "x")
    assert hashed == [("$stored", "x")] * 2


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(nhip: Web):
    cookie = (await sign_in(nhip.client())).headers["set-cookie"]
    assert cookie.startswith("nhip=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host(tmp_path: Path):
    async with web(tmp_path, secure=True) as nhip:
        add_user(nhip.state, "lan", Role.VIEWER, PASSWORD, 1, QUICK)
        cookie = (await sign_in(nhip.client(host="https://nhip.test"))).headers["set-cookie"]
    assert cookie.startswith("__Host-nhip=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_the_store_holds_no_session_id_no_token_and_no_password(nhip: Web):
    client = nhip.client()
    await sign_in(client)
    token = create_token(nhip.state, "grafana", Role.VIEWER, nhip.clock.now(), 1_000)
    with nhip.state.read() as connection:
        kept = " ".join(
            str(row)
            for table in (USERS, SESSIONS, API_TOKENS)
            for row in connection.execute(sa.select(table))
        )
    assert digest(session_in(client)) in kept
    assert session_in(client) not in kept
    assert token not in kept
    assert PASSWORD not in kept
    assert "$argon2id$" in kept


async def test_signing_out_ends_the_session_at_the_centre_too(nhip: Web):
    client = nhip.client()
    await sign_in(client)
    session = session_in(client)
    answer = await client.post("/sign-out", data={"csrf": csrf_of(session)}, headers=ORIGIN)
    assert answer.status_code == 303
    client.cookies.set("nhip", session)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_session_that_idles_ends(nhip: Web):
    client = nhip.client()
    await sign_in(client)
    nhip.clock.set(nhip.clock.now() + IDLE_MS - 1)
    assert (await client.get("/api/v1/me")).status_code == 200
    nhip.clock.set(nhip.clock.now() + IDLE_MS - 1)
    assert (await client.get("/api/v1/me")).status_code == 200
    nhip.clock.set(nhip.clock.now() + IDLE_MS)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_session_in_use_ends_after_its_life(nhip: Web):
    client = nhip.client()
    await sign_in(client)
    end = nhip.clock.now() + LIFE_MS
    while nhip.clock.now() + IDLE_MS - 1 < end:
        nhip.clock.set(nhip.clock.now() + IDLE_MS - 1)
        assert (await client.get("/api/v1/me")).status_code == 200
    nhip.clock.set(end)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_new_password_ends_all_sessions(nhip: Web):
    client = nhip.client()
    await sign_in(client)
    set_password(nhip.state, "lan", "nam-sau-bay-tam", nhip.clock.now())
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_removing_a_user_ends_all_sessions(nhip: Web):
    client = nhip.client()
    await sign_in(client)
    remove_user(nhip.state, "lan")
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_an_account_is_tried_a_few_times_only_even_with_the_right_password(nhip: Web):
    for i in range(PER_ACCOUNT):
        guess = await sign_in(nhip.client(address=f"198.51.100.{i}"), password="guess")
        assert guess.status_code == 401
    limited = await sign_in(nhip.client(address="203.0.113.9"))
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) == WINDOW_MS // 1000
    nhip.clock.set(nhip.clock.now() + WINDOW_MS)
    assert (await sign_in(nhip.client())).status_code == 303


async def test_an_address_tries_a_few_times_only_whatever_the_names(nhip: Web):
    for i in range(PER_ADDRESS):
        assert (await sign_in(nhip.client(), name=f"user{i}")).status_code == 401
    assert (await sign_in(nhip.client())).status_code == 429
    assert (await sign_in(nhip.client(address="203.0.113.9"))).status_code == 303


async def test_a_sign_in_from_another_site_is_refused(nhip: Web):
    form = await nhip.client().post("/sign-in", data=FORM, headers={"Origin": "https://evil.example"})
    assert form.status_code == 403
    cross = await nhip.client().post("/sign-in", data=FORM, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
async def test_a_form_without_the_right_token_changes_nothing(nhip: Web, token: str | None):
    browser = await nhip.browser(Role.ADMIN, "an")
    answer = await browser.post("/sign-out", data={} if token is None else {"csrf": token})
    assert answer.status_code == 403
    assert (await browser.get("/api/v1/me")).status_code == 200


async def test_the_token_may_come_in_a_header_as_htmx_sends_it(nhip: Web):
    browser = await nhip.browser(Role.ADMIN, "an")
    headers = {"X-CSRF-Token": csrf_of(session_in(browser))}
    assert (await browser.post("/sign-out", headers=headers)).status_code == 303


async def test_the_right_token_from_another_site_is_refused(nhip: Web):
    browser = await nhip.browser(Role.ADMIN, "an")
    form = {"csrf": csrf_of(session_in(browser))}
    answer = await browser.post("/sign-out", data=form, headers={"Sec-Fetch-Site": "same-site"})
    assert answer.status_code == 403


def test_an_origin_is_ours_only_if_host_and_port_are():
    def ours(origin: str) -> bool:
        return same_origin(Headers({"origin": origin, "host": "nhip.test:8080"}))

    assert ours("http://nhip.test:8080")
    assert not ours("http://nhip.test")
    assert not ours("http://evil.test:8080")
    assert not ours("null")
    assert not ours("http://[bad")


async def test_a_token_is_bound_to_its_role_and_expires(nhip: Web):
    now = nhip.clock.now()
    token = create_token(nhip.state, "Grafana", Role.MANAGER, now, 1_000)
    assert user_of_token(nhip.state, token, now + 999) == User("grafana", Role.MANAGER, program=True)
    assert user_of_token(nhip.state, token, now + 1_000) is None
    assert user_of_token(nhip.state, token + "x", now) is None


async def test_it_is_noted_when_a_token_was_last_used(nhip: Web):
    await nhip.client(Role.VIEWER).get("/api/v1/me")
    with nhip.state.read() as connection:
        assert connection.scalar(sa.select(API_TOKENS.c.used_at)) == nhip.clock.now()


async def test_a_bad_token_is_not_rescued_by_a_session(nhip: Web):
    client = nhip.client()
    await sign_in(client)
    answer = await client.get("/api/v1/me", headers={"Authorization": "Bearer nhip_wrong"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_roles_include_those_below_them():
    assert User("a", Role.MANAGER).may(Role.TECHNICIAN)
    assert User("a", Role.MANAGER).may(Role.MANAGER)
    assert not User("a", Role.MANAGER).may(Role.OPERATOR)


def test_an_unknown_role_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match="viewer, technician, manager, operator, admin"):
        Role.named("boss")


async def test_the_first_admin_is_made_once(tmp_path: Path):
    async with web(tmp_path) as nhip:
        password = create_first_admin(nhip.state, nhip.clock.now())
        assert password is not None
        assert create_first_admin(nhip.state, nhip.clock.now()) is None
        assert [(user.name, user.role) for user in users(nhip.state)] == [("admin", Role.ADMIN)]
        answer = await nhip.client().post(
            "/sign-in", data={"name": "admin", "password": password}, headers=ORIGIN
        )
        assert answer.status_code == 303


@pytest.mark.parametrize("password", ["short", "x" * 201])
async def test_passwords_too_short_or_too_long_are_refused(nhip: Web, password: str):
    with pytest.raises(BadInput, match="10 to 200"):
        add_user(nhip.state, "new", Role.VIEWER, password, 1)


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "LAN"])
async def test_names_that_are_empty_odd_or_taken_are_refused(nhip: Web, name: str):
    with pytest.raises(BadInput):
        add_user(nhip.state, name, Role.VIEWER, PASSWORD, 1, QUICK)


def test_new_passwords_are_long_and_easy_to_read():
    password = new_password()
    assert len(password) == 19
    assert not set("ilo01") & set(password)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 5))
def test_a_limiter_never_lets_more_than_its_limit_into_any_window(steps: list[int], limit: int):
    limiter, window, now = Limiter(limit, 100), 100, 0
    let_in: list[int] = []
    for step in steps:
        now += step
        if limiter.wait_ms("key", now) == 0:
            limiter.attempt("key", now)
            let_in.append(now)
    for start in let_in:
        assert sum(start <= at < start + window for at in let_in) <= limit


def test_a_limiter_says_exactly_how_long_to_wait():
    limiter = Limiter(2, 100)
    limiter.attempt("a", 10)
    limiter.attempt("a", 30)
    assert limiter.wait_ms("a", 50) == 60
    assert limiter.wait_ms("b", 50) == 0
    assert limiter.wait_ms("a", 110) == 0


def test_a_limiter_forgets_the_key_that_was_quiet_longest():
    limiter = Limiter(1, 100, keys=2)
    for key in ("a", "b", "a", "c"):
        limiter.attempt(key, 0)
    assert [limiter.wait_ms(key, 1) > 0 for key in ("a", "b", "c")] == [True, False, True]


def test_an_ipv6_household_is_one_address():
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2%eth1")
    assert network_of("testclient") == "testclient"
