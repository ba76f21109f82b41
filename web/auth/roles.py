"""Who may do what: five roles, each including those below it."""

from dataclasses import dataclass
from enum import IntEnum

from core.errors import BadInput


class Role(IntEnum):
    """viewer sees; technician tests a unit's network; manager signs reports; operator sets alerts; admin all."""

    VIEWER = 1
    TECHNICIAN = 2
    MANAGER = 3
    OPERATOR = 4
    ADMIN = 5

    @classmethod
    def named(cls, name: str) -> "Role":
        """The role of that lower-case name; BadInput when there is none."""
        try:
            return cls[name.upper()]
        except KeyError:
            names = ", ".join(role.name.lower() for role in cls)
            raise BadInput(f"no role is called {name[:40]!r}", todo=f"Use one of {names}") from None


@dataclass(frozen=True, slots=True)
class User:
    """Who makes a request: a person with a session, or a program with a token (`program`)."""

    name: str
    role: Role
    program: bool = False

    def may(self, role: Role) -> bool:
        return self.role >= role
