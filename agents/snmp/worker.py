"""The child of the agent that asks devices: requests come in as lines of JSON, answers go out so, each when it is there.

`python -m agents.snmp.worker`; it ends with its input. `desk` starts it and speaks to it.
"""

import asyncio
import sys

import msgspec

from agents.snmp import facts
from agents.snmp.client import Client, NoAnswer, Target


class Request(msgspec.Struct, frozen=True):
    id: int
    target: Target


class Answer(msgspec.Struct, frozen=True):
    """`reason` is empty when the device answered."""

    id: int
    reason: str = ""
    system: facts.System | None = None
    ups: facts.Ups | None = None


_request = msgspec.json.Decoder(Request)
_encode = msgspec.json.encode


async def ask(client: Client, request: Request) -> Answer:
    """What the device says of itself and of its power."""
    try:
        values = await client.get(request.target, facts.SYSTEM)
        # A second question: a device that knows nothing of a UPS may refuse all of one that asks for both.
        try:
            power = facts.ups(await client.get(request.target, facts.UPS))
        except NoAnswer:
            power = None
    except NoAnswer as error:
        return Answer(request.id, error.reason)
    return Answer(request.id, "", facts.system(values), power)


async def main() -> None:
    client, running = Client(), set[asyncio.Task[None]]()

    async def answer(request: Request) -> None:
        said = await ask(client, request)
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
