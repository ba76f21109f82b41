"""The application as a process: `python -m lab.eoffice.serve FOLDER PORT`, on loopback, with its manners in that folder."""

import sys
from pathlib import Path

import uvicorn

from lab.eoffice.app import Office
from lab.eoffice.manners import Switch

MANNERS = "manners.json"


def main(folder: Path, port: int) -> None:
    office = Office(Switch(folder / MANNERS))
    uvicorn.run(
        office.app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=1,
        lifespan="off",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
