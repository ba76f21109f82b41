"""`nhip lab wan service …` and `nhip lab wan dns …`: what happens to the e-office and to the resolvers of providers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from core.errors import BadInput
from lab.eoffice.manners import PHASES, Phase
from lab.wan import eoffice
from lab.wan.eoffice import DNS_FAULTS, SERVICE_FAULTS
from lab.wan.office_plan import RESOLVERS, named_provider, units_of
from lab.wan.province import Province, refuse_elsewhere
from lab.wan.record import DEFAULT

service_app = typer.Typer(help="The e-office itself: break it, slow it, mend it.", no_args_is_help=True)
dns_app = typer.Typer(help="The resolvers of providers: break one, mend it.", no_args_is_help=True)
Dir = Annotated[Path, typer.Option("--dir", help="The folder of this run.")]
OfPhases = Annotated[
    list[str] | None, typer.Option("--phase", help=f"Of a visit: {', '.join(PHASES)}; all without.")
]
Units = Annotated[list[str], typer.Argument(help="Codes of units.")]
Provider = Annotated[str, typer.Argument(help=f"One of {', '.join(RESOLVERS)}.")]


@service_app.command("break")
def break_service(
    how: Annotated[str, typer.Option(help=f"{', '.join(SERVICE_FAULTS)}.")] = "broken",
    phase: OfPhases = None,
    directory: Dir = DEFAULT,
) -> None:
    """Break the e-office: 503, another page, no answer, half-open connections, refused connections.

    Example: nhip lab wan service break --how wrong --phase documents
    """
    fault = next((each for each in SERVICE_FAULTS if each == how), None)
    if fault is None:
        raise BadInput(f"--how {how!r}", todo=f"Use one of {', '.join(SERVICE_FAULTS)}")
    eoffice.break_service(_province(directory), fault, _phases(phase))
    typer.echo(f"the e-office is {how}")


@service_app.command("slow")
def slow_service(
    seconds: Annotated[float, typer.Argument(help="So late come its answers.", min=0, max=600)],
    phase: OfPhases = None,
    directory: Dir = DEFAULT,
) -> None:
    """Make the e-office slow.

    Example: nhip lab wan service slow 2.5 --phase documents
    """
    eoffice.slow_service(_province(directory), seconds, _phases(phase))
    typer.echo(f"the e-office answers {seconds:g} s late")


@service_app.command("mend")
def mend_service(directory: Dir = DEFAULT) -> None:
    """Make the e-office well again.

    Example: nhip lab wan service mend
    """
    eoffice.mend_service(_province(directory))
    typer.echo("the e-office is well")


@service_app.command()
def block(units: Units, directory: Dir = DEFAULT) -> None:
    """Let the routers of units drop what goes to the e-office, also from units behind them; all else passes.

    Example: nhip lab wan service block 323
    """
    province = _province(directory)
    for unit in units:
        eoffice.block(province, unit)
    typer.echo(f"no way to the e-office at {', '.join(units)}")


@service_app.command()
def unblock(units: Units, directory: Dir = DEFAULT) -> None:
    """Let them pass it again.

    Example: nhip lab wan service unblock 323
    """
    province = _province(directory)
    for unit in units:
        eoffice.unblock(province, unit)
    typer.echo(f"a way to the e-office at {', '.join(units)}")


@dns_app.command("break")
def break_dns(
    provider: Provider,
    how: Annotated[str, typer.Option(help=f"{', '.join(DNS_FAULTS)}.")] = "lie",
    directory: Dir = DEFAULT,
) -> None:
    """Make a provider's resolver lie about the e-office, fail for its names, or hang.

    Example: nhip lab wan dns break Viettel --how servfail
    """
    fault = next((each for each in DNS_FAULTS if each == how), None)
    if fault is None:
        raise BadInput(f"--how {how!r}", todo=f"Use one of {', '.join(DNS_FAULTS)}")
    province, who = _province(directory), named_provider(provider)
    eoffice.break_dns(province, who, fault)
    typer.echo(f"the resolver of {who}: {how}; {len(units_of(province.layout, who))} units ask it")


@dns_app.command("mend")
def mend_dns(provider: Provider, directory: Dir = DEFAULT) -> None:
    """Make a provider's resolver tell the truth again.

    Example: nhip lab wan dns mend Viettel
    """
    who = named_provider(provider)
    eoffice.mend_dns(_province(directory), who)
    typer.echo(f"the resolver of {who} is well")


def _province(directory: Path) -> Province:
    refuse_elsewhere()
    return Province.at(directory.absolute())


def _phases(names: Sequence[str] | None) -> Sequence[Phase]:
    if not names:
        return PHASES
    found = [phase for phase in PHASES if phase in names]
    unknown = set(names) - set(found)
    if unknown:
        raise BadInput(f"--phase {unknown.pop()!r}", todo=f"Use some of {', '.join(PHASES)}")
    return found
