"""What people ask an authority over HTTP: OpenSSL's own OCSP responder and time-stamping authority, and the list of revocations.

`openssl ocsp` and `openssl ts` answer each request, in a process of its own; this is only their HTTP. Their faults are real
answers too, given to another question or by another signer.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lab.eoffice.authority import DAY, Authority, Issued

POLICY = "1.2.3.4.1"
"""Of the stamps that it gives when no policy is asked for."""
OTHER_POLICY = "1.2.3.4.2"
OcspManner = Literal["good", "unauthorised", "stranger", "bad signature", "replayed", "try later"]
TsaManner = Literal["good", "replayed", "stranger", "other nonce"]
CrlManner = Literal["fresh", "stale", "stranger"]
_TRY_LATER = bytes.fromhex("30030a0103")

_TSA = """\
[tsa]
serial = {folder}/tsa.serial
crypto_device = builtin
signer_cert = {signer}
certs = {chain}
signer_key = {signer}
signer_digest = sha256
default_policy = {policy}
other_policies = {other_policy}
digests = sha256, sha384, sha512
accuracy = millisecs:500
clock_precision_digits = 3
ordering = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Responders:
    """An application (ASGI) with `/ocsp`, `/tsa` and `/issuing.crl` of `authority`; each in its manner, which may change."""

    def __init__(self, authority: Authority, *, tsa_rsa: bool = True) -> None:
        self.authority = authority
        self.ocsp: OcspManner = "good"
        self.tsa: TsaManner = "good"
        self.crl: CrlManner = "fresh"
        stranger = Authority(authority.folder / "stranger")
        self.stranger = stranger
        self._ocsp_signers = {
            "good": authority.issue("ocsp", use="ocsp"),
            "unauthorised": authority.issue("not-ocsp", use="server"),
            "stranger": stranger.issue("ocsp", use="ocsp"),
        }
        self.tsa_signer = authority.issue("tsa", use="tsa", rsa_key=tsa_rsa)
        self._stranger_tsa = stranger.issue("tsa", use="tsa", rsa_key=tsa_rsa)
        self._said: dict[str, bytes] = {}
        self._stamping = asyncio.Lock()  # the file of serial numbers has one writer
        self.app = Starlette(
            routes=[
                Route("/ocsp", self._ocsp, methods=["POST"]),
                Route("/tsa", self._tsa, methods=["POST"]),
                Route("/issuing.crl", self._crl),
            ]
        )

    async def _ocsp(self, request: Request) -> Response:
        asked = await request.body()
        signer = self._ocsp_signers.get(self.ocsp, self._ocsp_signers["good"])
        if self.ocsp == "try later":
            answer = _TRY_LATER
        elif self.ocsp == "replayed" and "ocsp" in self._said:
            answer = self._said["ocsp"]
        else:
            more = ["-badsig"] if self.ocsp == "bad signature" else []
            answer = self._said["ocsp"] = await self._answer_ocsp(asked, signer, more)
        return Response(answer, media_type="application/ocsp-response")

    async def _answer_ocsp(self, asked: bytes, signer: Issued, more: list[str]) -> bytes:
        command = ["ocsp", "-index", str(self.authority.index), "-CA", str(self.authority.issuing)]
        command += ["-rsigner", str(signer.file), "-rkey", str(signer.file), "-nmin", "60", *more]
        return await _openssl(command, "-reqin", asked, "-respout")

    async def _tsa(self, request: Request) -> Response:
        asked = await request.body()
        if self.tsa == "other nonce":  # the last byte of it stands before certReq
            asked = asked[:-4] + bytes((asked[-4] ^ 1,)) + asked[-3:]
        if self.tsa == "replayed" and "tsa" in self._said:
            answer = self._said["tsa"]
        else:
            answer = self._said["tsa"] = await self._stamp(asked)
        return Response(answer, media_type="application/timestamp-reply")

    async def _stamp(self, asked: bytes) -> bytes:
        own = self.tsa != "stranger"
        authority = self.authority if own else self.stranger
        settings = authority.folder / "tsa.cnf"
        signer = self.tsa_signer if own else self._stranger_tsa
        settings.write_text(
            _TSA.format(
                folder=authority.folder,
                signer=signer.file,
                chain=authority.issuing,
                policy=POLICY,
                other_policy=OTHER_POLICY,
            )
        )
        command = ["ts", "-reply", "-config", str(settings), "-section", "tsa"]
        async with self._stamping:
            return await _openssl(command, "-queryfile", asked, "-out")

    async def _crl(self, _request: Request) -> Response:
        if self.crl == "stale":
            made = self.authority.revocations(-8 * DAY, -DAY)
        else:
            made = (self.stranger if self.crl == "stranger" else self.authority).revocations()
        return Response(made, media_type="application/pkix-crl")


async def _openssl(command: list[str], given_as: str, given: bytes, written_as: str) -> bytes:
    """What OpenSSL's command writes for the file that it is given; RuntimeError with its words when it writes none."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "question", Path(folder) / "answer"
        question.write_bytes(given)
        child = await asyncio.create_subprocess_exec(
            "openssl",
            *command,
            given_as,
            str(question),
            written_as,
            str(answer),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, words = await child.communicate()
        if not answer.exists():
            raise RuntimeError(words.decode(errors="replace"))
        return answer.read_bytes()
