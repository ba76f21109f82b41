"""`/settings/secrets`: which secrets there are and who uses them; an admin adds, replaces and removes them. No value is ever shown."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import BadInput
from core.secrets import is_name, names_in
from inventory.records import PlannedCheck, Service, ServiceCheck
from inventory.ssh_keys import SshKey, ssh_key
from inventory.vault import LONGEST, SHORTEST, Kept, Vault
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of
from web.i18n import language_of, mark, speaker
from web.pages.rendering import render
from web.pages.services.ends import check_name
from web.timing import params_of

NAMED = 3
"""Units and checks that are named; of more it is told how many."""
NO_NAME = mark(
    "A name has up to 64 letters without accents, digits, “.”, “-” and “_”, a letter or digit first."
)
NO_VALUE = mark("A value has {least} to {most} bytes; this one has {count}.")
NO_KEY = mark("This begins as an SSH key and is not a whole one: take all of the file, from BEGIN to END.")
TAKEN = mark("A secret of that name is kept already: replace its value in the list.")
NOT_KEPT = mark("The secret could not be kept: {why}")
GONE = mark("No secret of that name is kept any more.")

router = APIRouter(prefix="/settings/secrets")
log = logging.getLogger(__name__)

Admin = Annotated[User, Depends(require(Role.ADMIN))]


@dataclass(frozen=True, slots=True)
class Use:
    """A service, with its checks that name the secret."""

    code: str
    name: str
    checks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that is kept (`kept`) or named. `key`: what may be shown of one that is a key for SSH. `others`: checks of no service, such as those of devices. `units`: to whose
    agents it is given; `planned` counts the checks that name it there."""

    name: str
    kept: Kept | None
    key: SshKey | None
    services: Sequence[Use]
    others: Sequence[str]
    units: Sequence[str]
    planned: int

    @property
    def rank(self) -> int:
        """Where it stands in the list: missing, kept, missing for checks that do not run yet."""
        return 1 if self.kept else 0 if self.units else 2

    @property
    def is_used(self) -> bool:
        return bool(self.services or self.others)


@dataclass(slots=True)
class _Named:
    """By whom a secret is named, as it is gathered."""

    services: dict[str, set[str]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    planned: int = 0


def listed(
    kept: Iterable[Kept],
    planned: Iterable[PlannedCheck],
    catalogue: Mapping[str, tuple[Service, Sequence[ServiceCheck]]],
    keys: Mapping[str, SshKey] = MappingProxyType({}),
) -> Sequence[Secret]:
    """All secrets that are kept or named: those that are missing first, those that nothing needs yet last. Checks of the catalogue count where
    they do not run yet, too. Pure."""
    named: dict[str, _Named] = {}
    of_catalogue = set()
    for code, (_, checks) in catalogue.items():
        for check in checks:
            for name in names_in(params_of(check.params)):
                named.setdefault(name, _Named()).services.setdefault(code, set()).add(check.name)
                of_catalogue.add((code, name))
    for each in planned:
        for name in names_in(each.check.params):
            use = named.setdefault(name, _Named())
            use.planned += 1
            use.units.add(each.vantage)
            if each.service not in catalogue:
                use.others.add(each.label)
            elif (each.service, name) not in of_catalogue:  # the proxy of a line, say
                title = check_name(each.label, catalogue[each.service][0].name)
                use.services.setdefault(each.service, set()).add(title)
    known = {one.name: one for one in kept}
    found = []
    for name in known.keys() | named.keys():
        use = named.get(name, _Named())
        services = [
            Use(code, catalogue[code][0].name, sorted(checks)) for code, checks in use.services.items()
        ]
        services.sort(key=lambda one: one.name)
        found.append(
            Secret(
                name,
                known.get(name),
                keys.get(name),
                services,
                sorted(use.others),
                sorted(use.units),
                use.planned,
            )
        )
    return sorted(found, key=lambda one: (one.rank, one.name))


def secrets_of(context: Context) -> Sequence[Secret]:
    now, registry = context.clock.now(), context.registry
    catalogue = {
        each.code: (each, registry.service_checks(each.code, now)) for each in registry.services(now)
    }
    vault = Vault(context.state)
    try:
        keys = vault.keys()
    except BadInput as error:
        log.warning("secrets cannot be opened: %s", error)
        keys = {}
    return listed(vault.kept(), registry.checks().values(), catalogue, keys)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form again: the name, and never the value. `of`: the secret whose form it is; empty for a new one."""

    of: str = ""
    name: str = ""
    problem: str = ""


@router.get("")
def secrets(
    request: Request,
    _user: Admin,
    done: Annotated[str, Query(max_length=20)] = "",
    name: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """`done` says what became of the form that led here, `name` of which secret; without it, the name to begin with."""
    return _page(request, Typed(name="" if done else name), done=done, name=name)


@router.post("")
async def keep(request: Request, user: Admin) -> Response:
    """Keep a new secret, or put another value in the place of the one that `of` names."""
    context, form = context_of(request), await request.form()
    of, name, value = (_text(form.get(field_)) for field_ in ("of", "name", "value"))
    name = (of or name).strip()
    # Browsers send line ends as CRLF (HTML, section 4.10.21.8); one that is pasted behind a password is none of it.
    value = value.replace("\r\n", "\n").strip("\n")
    problem = await run_in_threadpool(
        _kept, context, user, name, value, new=not of, language=language_of(request)
    )
    if problem:
        typed = Typed(of, "" if of else name, problem)
        return await run_in_threadpool(_page, request, typed, status=422)
    return RedirectResponse(
        f"/settings/secrets?{urlencode({'done': 'replaced' if of else 'added', 'name': name})}", 303
    )


@router.post("/remove")
async def remove(request: Request, user: Admin) -> Response:
    context, form = context_of(request), await request.form()
    name = _text(form.get("name"))
    if not await run_in_threadpool(Vault(context.state).remove, name):
        say = speaker(language_of(request), 0).gettext
        return await run_in_threadpool(_page, request, Typed(problem=say(GONE)), status=404)
    log.info("secret %s removed by %s", name, user.name)
    return RedirectResponse(f"/settings/secrets?{urlencode({'done': 'removed', 'name': name})}", 303)


def _kept(context: Context, user: User, name: str, value: str, *, new: bool, language: str) -> str:
    """Keep it; why not, in words, where it will not do."""
    say = speaker(language, 0).gettext
    if not is_name(name):
        return say(NO_NAME)
    if not SHORTEST <= len(value.encode()) <= LONGEST:
        return say(NO_VALUE, least=SHORTEST, most=LONGEST, count=len(value.encode()))
    try:
        ssh_key(value)
    except BadInput:
        return say(NO_KEY)
    vault = Vault(context.state)
    is_there = any(one.name == name for one in vault.kept())
    if new and is_there:
        return say(TAKEN)
    if not new and not is_there:
        return say(GONE)
    try:
        vault.set(name, value, context.clock.now(), user.name)
    except BadInput as error:
        return say(NOT_KEPT, why=error)
    log.info("secret %s set by %s", name, user.name)
    return ""


def _page(request: Request, typed: Typed, *, done: str = "", name: str = "", status: int = 200) -> Response:
    details = {
        "secrets": secrets_of(context_of(request)),
        "typed": typed,
        "done": done,
        "name": name,
        "most_named": NAMED,
        "least": SHORTEST,
        "most": LONGEST,
    }
    return render(request, "secrets.html", details, status)


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
