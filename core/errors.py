"""The error tree, drawn once. Blame is in the type.

NhipError
├── BadInput      theirs: a file, a report, a setting is wrong; says what, where and what to do
├── Refused       theirs: who asks may not (credential, role, token)
└── Unavailable   nobody's: try again later, after `retry_after_s`

Anything else that is raised is a bug of ours, and reaches the guard of the loop or the server that runs it.
"""


class NhipError(Exception):
    """Any failure that Nhịp foresees; its text is for people."""


class BadInput(NhipError):
    """Input that cannot be taken. `where` names the place in it (row, column, path), `todo` what would mend it."""

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(". ".join(part for part in (f"{where}: {what}" if where else what, todo) if part))


class Refused(NhipError):
    """Whoever asks is not known, or is known and may not."""


class Unavailable(NhipError):
    """Cannot be done now; worth trying again after `retry_after_s` seconds."""

    def __init__(self, what: str, *, retry_after_s: float = 5.0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(what)
