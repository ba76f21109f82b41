"""`nhip-agent`: join a centre, run, and say how things stand."""

import argparse
import asyncio
import logging
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import NhipError

DIRECTORY = Path("/var/lib/nhip-agent")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 not possible (the reason is on stderr), 2 wrong usage."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if given.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        code: int = given.command(given)
    except (NhipError, OSError, sqlite3.OperationalError) as error:
        print(f"nhip-agent: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nhip-agent",
        description="Measures the network of a unit and reports to its centre.",
        epilog="example: nhip-agent enrol --url https://nhip.example.vn --token TOKEN && nhip-agent run",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    enrol = _command(commands, "enrol", "join a centre with a one-time token", _enrol)
    enrol.epilog = (
        "example: nhip-agent enrol --url https://nhip.example.vn --token TOKEN --ca /etc/nhip/ca.pem"
    )
    enrol.add_argument("--url", required=True, help="address of the centre (https; http on loopback only)")
    enrol.add_argument("--token", required=True, help="the join token, from `nhip agent token UNIT`")
    enrol.add_argument("--ca", default="", help="PEM file of the CA to trust, instead of the system's store")

    run = _command(commands, "run", "measure and report until ended by SIGTERM or Ctrl-C", _run)
    run.epilog = "example: nhip-agent run --url https://nhip.example.vn:8443 --metrics-port 9133"
    run.add_argument("--url", help="the centre's address from now on, if it has moved (default: as enrolled)")
    run.add_argument(
        "--metrics-port", type=int, help="serve /metrics on this port of 127.0.0.1 (default: off)"
    )

    status = _command(commands, "status", "show what waits in the outbox and for whom", _status)
    status.epilog = "example: nhip-agent status --dir /var/lib/nhip-agent"
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: object
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    text = f"where credential, plan and outbox are (default: {DIRECTORY})"
    parser.add_argument("--dir", type=Path, default=DIRECTORY, help=text)
    parser.add_argument("-v", "--verbose", action="store_true", help="log what happens, to stderr")
    parser.set_defaults(command=run)
    return parser


class _Version(argparse.Action):
    # Asking the package database for the version costs memory that a running agent has no use for.
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from agents.life import version

        print(f"nhip-agent {version()}")
        parser.exit()


def _enrol(given: argparse.Namespace) -> int:
    from agents.enrol import enrol

    credential = enrol(given.dir, given.url, given.token, given.ca)
    print(
        f"Enrolled as {credential.agent} for unit {credential.unit}. Start it: nhip-agent run --dir {given.dir}"
    )
    return 0


def _run(given: argparse.Namespace) -> int:
    # msgspec takes typing_extensions where some other package has brought it; this Python needs nothing of it, and
    # it would keep 2 MB for as long as the agent runs.
    sys.modules.setdefault("typing_extensions", None)  # type: ignore[arg-type]
    from agents import credential as credentials
    from agents.agent import Agent, run_until_signal
    from agents.secrets import Scrubbing

    credential = credentials.load(given.dir)
    if credential is None or not credential.agent:
        print("nhip-agent: not enrolled yet; run `nhip-agent enrol` first", file=sys.stderr)
        return 1

    if given.url:
        credential = credentials.move(given.dir, credential, given.url)

    async def run() -> None:
        agent = Agent(given.dir, credential, metrics_port=given.metrics_port)
        for handler in logging.getLogger().handlers:
            handler.setFormatter(Scrubbing(handler.formatter, agent.secrets))
        await run_until_signal(agent)

    asyncio.run(run())
    return 0


def _status(given: argparse.Namespace) -> int:
    from agents import credential as credentials
    from agents.agent import OUTBOX, PLAN
    from agents.status import outbox_lines
    from agents.uplink import load_plan

    credential = credentials.load(given.dir)
    if credential is None or not credential.agent:
        print("not enrolled")
        return 1
    print(f"agent   {credential.agent} for unit {credential.unit}")
    print(f"centre  {credential.url}")
    saved = load_plan(given.dir / PLAN)
    print(f"plan    {len(saved.plan.checks)} checks" if saved else "plan    none yet")
    try:
        for line in outbox_lines(given.dir / OUTBOX):
            print(line)
    except sqlite3.DatabaseError as error:
        print(f"outbox  cannot be read: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
