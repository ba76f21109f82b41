"""The centre as a browser sees it: its API, and the stream of events that moves the wall. Over real TLS."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from lab.wan.centre import program_token
from lab.wan.province import Province

STREAM_SILENT_S = 40.0
"""The stream has a heartbeat each 15 s; past this it is broken."""
LOOK_EVERY_S = 0.2


class Wall:
    """Reads the centre of a province through the way in on loopback, as a program with a token."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        self._news: list[tuple[float, str, str]] = []
        self._changed = threading.Condition()

    @classmethod
    @contextmanager
    def of(cls, province: Province) -> Iterator["Wall"]:
        """The wall of a province, with its stream of events open. A new token of a week is made for it."""
        token = program_token(province.folder.centre)
        with httpx2.Client(
            base_url=f"https://127.0.0.1:{province.record.port}",
            verify=ssl.create_default_context(cafile=str(province.folder.ca)),
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
            trust_env=False,
        ) as http:
            wall = cls(http)
            with wall._listening():
                yield wall

    def get(self, path: str, **query: object) -> Any:
        """The answer of the API at `/api/v1/…`.

        Raises:
            httpx2.HTTPError: it cannot be reached, or says that the request is wrong.
        """
        answer = self._http.get(f"/api/v1/{path}", params={name: str(value) for name, value in query.items()})
        answer.raise_for_status()
        return answer.json()

    def statuses(self) -> dict[str, str]:
        """The status of every unit, by code."""
        return {unit["code"]: unit["status"] for unit in self.get("units", limit=500)["items"]}

    def seen_after(self, since: float, code: str, statuses: Collection[str], within_s: float) -> float:
        """Seconds from `since` (monotonic) until the stream says that the unit has one of these statuses.

        Raises:
            TimeoutError: it does not within that time.
        """

        def told() -> float | None:
            return next(
                (
                    at
                    for at, unit, status in self._news
                    if at >= since and unit == code and status in statuses
                ),
                None,
            )

        with self._changed:
            at = self._changed.wait_for(told, timeout=since + within_s - time.monotonic())
        if at is None:
            raise TimeoutError(
                f"{code} was not shown as {' or '.join(sorted(statuses))} within {within_s:g} s"
            )
        return at - since

    @contextmanager
    def _listening(self) -> Iterator[None]:
        with self._http.stream("GET", "/events", timeout=STREAM_SILENT_S) as answer:
            answer.raise_for_status()
            listener = threading.Thread(target=self._listen, args=(answer,), daemon=True)
            listener.start()
            try:
                yield
            finally:
                # Reading blocks: only the end of the connection ends it.
                plain: socket.socket = answer.extensions["network_stream"].get_extra_info("socket")
                with contextlib.suppress(OSError):
                    plain.shutdown(socket.SHUT_RDWR)
                listener.join()

    def _listen(self, answer: httpx2.Response) -> None:
        kind = ""
        with contextlib.suppress(httpx2.HTTPError):
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "unit":
                    unit = json.loads(value)
                    with self._changed:
                        self._news.append((time.monotonic(), unit["code"], unit["status"]))
                        self._changed.notify_all()


def until(found: Callable[[], bool], within_s: float, what: str) -> float:
    """Seconds until `found` is true, looking again and again.

    Raises:
        TimeoutError: it was not within that time.
    """
    began = time.monotonic()
    while not found():
        if time.monotonic() - began > within_s:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        time.sleep(LOOK_EVERY_S)
    return time.monotonic() - began
