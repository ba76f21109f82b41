"""A server of the e-office as a process of its own, for a namespace of the lab: `python -m lab.eoffice.run mail FOLDER HOST …`.

It says `ready` when it answers, and ends what it started when it is told to end.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from lab.eoffice.camera import camera
from lab.eoffice.clock import clock
from lab.eoffice.mail import mail
from lab.eoffice.onvif import Device, serving

MAIL_PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}


def main(arguments: Sequence[str] | None = None) -> int:
    told = _parser().parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with _server(told):
        print("ready", flush=True)
        ended.wait()
    return 0


def _server(told: argparse.Namespace) -> AbstractContextManager[object]:
    users = dict(account.split(":", 1) for account in told.account)
    match told.what:
        case "mail":
            following = (
                {name: told.port + number for number, name in enumerate(MAIL_PORTS)} if told.port else {}
            )
            return mail(told.folder, users, told.certificate, host=told.host, ports=following or MAIL_PORTS)
        case "clock":
            return clock(
                told.folder,
                offset_s=told.ahead,
                synchronised=not told.lost,
                host=told.host,
                port=told.port or 123,
            )
        case "camera":
            user, password = next(iter(users.items()), ("", ""))
            return camera(
                told.folder,
                user=user,
                password=password,
                host=told.host,
                port=told.port or 554,
                closed=told.lost,
            )
        case _:
            device = Device(users, ahead=timedelta(seconds=told.ahead))
            return serving(device, host=told.host, port=told.port or 80)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["mail", "clock", "camera", "onvif"])
    parser.add_argument("folder", type=Path, help="where it keeps what it needs; anybody may enter it")
    parser.add_argument("host", help="the address that it listens at")
    parser.add_argument("--port", type=int, help="another than usual; of mail the first of four")
    parser.add_argument(
        "--account", action="append", default=[], help="NAME:PASSWORD; the first counts for a camera"
    )
    parser.add_argument("--certificate", type=Path, help="mail: a file with key and certificate")
    parser.add_argument("--ahead", type=float, default=0, help="clock, onvif: so many seconds")
    parser.add_argument("--lost", action="store_true", help="clock: it has no time; camera: no frame comes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
