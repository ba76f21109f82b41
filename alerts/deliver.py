"""One message to one address, through Apprise. Blocking; Apprise is imported at the first use: it is large."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType

from core.errors import BadInput

LONGEST_ERROR = 300


@cache
def _apprise() -> ModuleType:
    """Apprise with all its plug-ins, some of which warn of what Python will drop: not our users' business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import apprise

        apprise.Apprise.instantiate("json://localhost")  # it looks for its plug-ins at the first use
    return apprise


def describe(url: str) -> str:
    """`url` without its secrets, for people to see. Raises BadInput: Apprise does not know such an address."""
    apprise = _apprise()
    plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True) if url.strip() else None
    if plugin is None:
        raise BadInput(
            "not an address that Apprise can send to",
            todo="Write it as mailto://…, json://…, tgram://…: see Apprise's list of services",
        )
    shown: str = plugin.url(privacy=True)
    return shown


def deliver(url: str, title: str, body: str) -> str:
    """Send; the reason of the failure, empty when it was delivered. Never raises."""
    try:
        apprise = _apprise()
        asset = apprise.AppriseAsset(app_id="Nhip", app_desc="Nhip", app_url="")
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if plugin is None:
            return "not an address that Apprise can send to"
        with _complaints() as complaints:
            # The plug-in itself, in this thread: `Apprise.notify` would use others, whose complaints get mixed.
            done = plugin.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
    except Exception as error:  # noqa: BLE001 -- any of a hundred plug-ins failed in a way of its own
        return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    return "" if done else ("; ".join(complaints) or "not accepted")[:LONGEST_ERROR]


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Warnings that Apprise logs in this thread: its only way to say why."""
    said: list[str] = []
    here = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == here:
                said.append(record.getMessage().strip())

    listener = Listener(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
