"""Short-lived children of the agent, for work that loads what need not stay."""

import asyncio
import subprocess
import sys
from typing import BinaryIO


async def output_of(module: str, *arguments: str, given: BinaryIO | None = None) -> bytes:
    """What `python -m MODULE ARGUMENTS` prints, with the file `given` as its input, from where that stands.

    The child is killed when this is cancelled.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=subprocess.DEVNULL if given is None else given,
        stdout=subprocess.PIPE,
    )
    try:
        output, _ = await child.communicate()
        return output
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
