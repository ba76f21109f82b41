"""Fills an empty registry: Hưng Yên's 188 units as of 2021, the templates of their checks, the catalogue of services, the centre's address.

The names and codes of districts and communes are the statistics office's. What is not known of a unit (staff,
address, coordinates, links) is left empty, and so are addresses of services that are not public: those are not checked yet. The files are in the format of `nhip units import`.
"""

from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from inventory.changes import apply, propose
from inventory.exchange.files import read_files
from inventory.state import State
from inventory.tables import units

SEEDS = Path(__file__).parent / "seeds"


def seed(state: State, now: int, *, addresses: bool = True) -> None:
    """Put the seed into the registry; one that has any unit is left as it is.

    Without `addresses` no service has one, and so nothing asks anything of the world outside: for labs and tests.
    """
    with state.write() as connection:
        if connection.scalar(sa.select(units.c.id).limit(1)) is not None:
            return
        lines, faults = read_files(sorted(SEEDS.glob("*.csv")))
        if not addresses:
            services = lines["services"]
            lines["services"] = [replace(each, values={**each.values, "address": ""}) for each in services]
        apply(connection, propose(connection, lines, now, faults=faults))
