"""Files of the machine, as one program in a namespace sees them: `ip netns exec` gives it a mount namespace of its own."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path


def covered(command: Sequence[str], files: Mapping[Path, Path]) -> list[str]:
    """The command, with other files in the places of these: by place, what is to be found there."""
    if not files:
        return list(command)
    mounts = [shlex.join(["mount", "--bind", str(what), str(place)]) for place, what in files.items()]
    return ["sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh", *command]
