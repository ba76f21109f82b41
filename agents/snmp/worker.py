"""The child of the agent that asks devices: requests come in as lines of JSON, answers go out so, each when it is there.

`python -m agents.snmp.worker`; it ends with its input. `desk` starts it and speaks to it.
"""

import asyncio
import sys

import msgspec

from agents.snmp import traps
from agents.snmp.client import Client, Target
from agents.snmp.survey import Answer, Surveyor


class Request(msgspec.Struct, frozen=True):
    """Either a device to be asked, or a trap to be read."""

    id: int
    target: Target | None = None
    within_s: float = 10.0
    trap: traps.Datagram | None = None


class Answered(msgspec.Struct, frozen=True):
    id: int
    answer: Answer | None = None
    trap: traps.Meaning | None = None


_request = msgspec.json.Decoder(Request)
_encode = msgspec.json.encode


async def main() -> None:
    client, running, engines = Client(), set[asyncio.Task[None]](), traps.Engines()
    surveyor = Surveyor(client)

    async def answer(request: Request) -> None:
        if request.trap is not None:
            said = Answered(request.id, trap=traps.read(request.trap, engines))
        elif request.target is not None:
            said = Answered(request.id, await surveyor.look(request.target, request.within_s))
        else:
            said = Answered(request.id, Answer("bad parameter|nothing is asked"))
        sys.stdout.buffer.write(_encode(said) + b"\n")
        sys.stdout.buffer.flush()

    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        task = asyncio.create_task(answer(_request.decode(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    client.close()


if __name__ == "__main__":
    asyncio.run(main())
