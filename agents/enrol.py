"""Enrolment: a join token becomes this agent's own credential.

The agent makes its secret and stores it before it asks, and the centre answers the same token and secret alike
however often they come: a crash, or an answer lost on the way, is mended by running the command again.
"""

import asyncio
import platform
import secrets
import ssl
from pathlib import Path

import msgspec

from agents import credential as credentials
from agents.credential import Credential
from agents.life import version
from agents.session import NoAnswer, Session
from core import wire
from core.errors import BadInput, Refused, Unavailable

PATH = "/api/v1/agent/enrol"


def enrol(directory: Path, url: str, token: str, ca: str = "") -> Credential:
    """Join the centre at `url`, and store the credential in `directory`.

    Raises:
        BadInput: the address is not allowed, or `directory` holds a finished enrolment, or the answer is no answer.
        Refused: the centre does not take the token.
        Unavailable: the centre cannot be reached; try again.
    """
    url = url.rstrip("/")
    stored = credentials.load(directory)
    if stored is not None and stored.agent:
        todo = "Use another --dir, or remove that file to enrol anew"
        raise BadInput(
            f"already enrolled as {stored.agent}", where=str(directory / credentials.FILE), todo=todo
        )
    secret = stored.secret if stored is not None else secrets.token_urlsafe(32)
    mine = Credential(url=url, secret=secret, ca=str(Path(ca).resolve()) if ca else "")
    tls = mine.tls()
    credentials.store(directory, mine)
    answer = asyncio.run(_ask(mine, token, tls))
    mine = Credential(url=url, secret=secret, agent=answer.agent, unit=answer.unit, ca=mine.ca)
    credentials.store(directory, mine)
    return mine


async def _ask(mine: Credential, token: str, tls: ssl.SSLContext | None) -> wire.Enrolled:
    request = wire.Enrol(token=token, secret=mine.secret, hostname=platform.node(), version=version())
    session = Session(mine.url, tls)
    try:
        answer = await session.request(
            "POST", PATH, {"Content-Type": "application/json"}, wire.encode(request)
        )
    except NoAnswer as error:
        raise Unavailable(f"the centre at {mine.url} cannot be reached: {error}") from error
    finally:
        await session.close()
    if answer.status in (401, 403):
        raise Refused(f"the centre does not take this token: {answer.text[:300]}")
    if answer.status >= 500 or answer.status == 429:
        raise Unavailable(f"the centre answers {answer.status}; try again later")
    try:
        if answer.status != 200:
            raise BadInput(f"the centre answers {answer.status}: {answer.text[:300]}", where=mine.url)
        return msgspec.json.decode(answer.body, type=wire.Enrolled)
    except msgspec.DecodeError as error:
        raise BadInput(f"this is not an answer of a centre: {error}", where=mine.url) from error
