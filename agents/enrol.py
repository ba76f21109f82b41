"""Enrolment: a join token becomes this agent's own credential.

The agent makes its secret and stores it before it asks, and the centre answers the same token and secret alike
however often they come: a crash, or an answer lost on the way, is mended by running the command again.
"""

import platform
import secrets
import ssl
from pathlib import Path

import httpx2
import msgspec

from agents import credential as credentials
from agents.credential import Credential
from agents.life import version
from core import wire
from core.errors import BadInput, Refused, Unavailable

PATH = "/api/v1/agent/enrol"
_TIMEOUT_S = 20.0


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
    answer = _ask(mine, token, tls if tls is not None else True)
    mine = Credential(url=url, secret=secret, agent=answer.agent, unit=answer.unit, ca=mine.ca)
    credentials.store(directory, mine)
    return mine


def _ask(mine: Credential, token: str, verify: ssl.SSLContext | bool) -> wire.Enrolled:
    request = wire.Enrol(token=token, secret=mine.secret, hostname=platform.node(), version=version())
    try:
        with httpx2.Client(verify=verify, timeout=_TIMEOUT_S, trust_env=False) as client:
            answer = client.post(
                mine.url + PATH, content=wire.encode(request), headers={"Content-Type": "application/json"}
            )
    except httpx2.HTTPError as error:
        raise Unavailable(f"the centre at {mine.url} cannot be reached: {error}") from error
    if answer.status_code in (401, 403):
        raise Refused(f"the centre does not take this token: {answer.text[:300]}")
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unavailable(f"the centre answers {answer.status_code}; try again later")
    try:
        if not answer.is_success:
            raise BadInput(f"the centre answers {answer.status_code}: {answer.text[:300]}", where=mine.url)
        return msgspec.json.decode(answer.content, type=wire.Enrolled)
    except msgspec.DecodeError as error:
        raise BadInput(f"this is not an answer of a centre: {error}", where=mine.url) from error
