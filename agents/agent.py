"""The resident agent, composed: the loop measures, the outbox keeps, the uplink tells, the channel listens."""

import asyncio
import fcntl
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from agents import life, selfwatch
from agents.bulk import Bulk
from agents.channel import Channel
from agents.children import output_of
from agents.credential import Credential
from agents.loop import Loop
from agents.outbox import About, Outbox
from agents.probes import Probe
from agents.probes import probes as probes_with
from agents.probes.guard import refuses_all_but
from agents.secrets import Secrets
from agents.snmp.desk import desk
from agents.trigger import LINE_ROLES, Settling, Trigger
from agents.uplink import Uplink, load_plan
from core import wire
from core.clock import SteadyClock
from core.errors import BadInput, Unavailable
from core.told import CONFIGURED
from core.values import Check, Result

if TYPE_CHECKING:
    from agents import metrics

_log = logging.getLogger(__name__)

OUTBOX, PLAN, LOCK = "outbox.db", "plan.json", "lock"
_HOUSEKEEPING_MS = 10_000
_TRIM_MS = 60_000
_JUMP_MS = 1_000
_RESTART_S = 5.0
_FLUSH_S = 2.0
_HOST_S = 60.0


@dataclass(slots=True)
class _Parts:
    """What is made when the event loop runs."""

    outbox: Outbox
    loop: Loop
    uplink: Uplink
    channel: Channel


class Agent:
    """One agent in its directory. `await run()` until `stop()`."""

    def __init__(
        self,
        directory: Path,
        credential: Credential,
        *,
        probes: Mapping[str, Probe] | None = None,
        clock: SteadyClock | None = None,
        metrics_port: int | None = None,
    ) -> None:
        """Raises BadInput when the centre's address or its CA file will not do."""
        self._directory, self._credential = directory, credential
        self._clock = clock or SteadyClock()
        self._metrics_port = metrics_port
        self._tls = credential.tls()
        self._probes = (
            probes_with(Bulk(credential, self._tls), self._tell, self._clock, self._keep, directory)
            if probes is None
            else probes
        )
        self.secrets = Secrets()
        self._trigger = Trigger()
        self._paths: list[int] = []
        self._settling = Settling()
        self._configs: dict[str, int] = {}
        """Checks of configurations, by address."""
        self._stopping = asyncio.Event()
        self._jump = 0
        self._host_due = 0
        saved = load_plan(directory / PLAN)
        self._plan = saved.plan if saved else wire.Plan(credential.unit, [])

    def stop(self) -> None:
        """End in order: what is measured is on disk, and is reported now if the centre is there."""
        self._stopping.set()

    async def run(self) -> None:
        """Measure and report until `stop`.

        Raises:
            BadInput: another agent runs in this directory.
        """
        lock = _lock(self._directory)
        try:
            mine = life.begin(self._directory, self._clock.now())
            outbox = Outbox(self._directory / OUTBOX, mine, self._clock.now)
            try:
                await self._run(outbox)
            finally:
                await outbox.close()
            life.end(self._directory, self._clock.now())
        finally:
            lock.close()

    async def _run(self, outbox: Outbox) -> None:
        self._parts = parts = self._compose(outbox)
        await self._take_plan(self._plan)
        stop_metrics = self._serve_metrics()
        tasks = [
            asyncio.create_task(self._guard(name, work))
            for name, work in (
                ("loop", parts.loop.run),
                ("reports", parts.uplink.report),
                ("plan", parts.uplink.fetch_plans),
                ("channel", parts.channel.run),
                ("housekeeping", self._keep_house),
            )
        ]
        try:
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await desk().close()
            await asyncio.to_thread(stop_metrics)
        try:
            await asyncio.wait_for(parts.uplink.flush(), _FLUSH_S)
        except (TimeoutError, Unavailable) as error:
            _log.info("not everything could be told now, it waits in the outbox: %s", error)
        await parts.uplink.close()

    def _compose(self, outbox: Outbox) -> _Parts:
        uplink = Uplink(
            self._credential,
            outbox,
            self._clock,
            tls=self._tls,
            plan_path=self._directory / PLAN,
            about=self._about,
            on_plan=self._take_plan,
            on_secrets=self._take_secrets,
        )
        channel = Channel(
            self._credential,
            self._clock,
            tls=self._tls,
            heartbeat_ms=self._plan.heartbeat_ms,
            on_open=uplink.line_is_back,
            on_plan=uplink.fetch_plan,
            on_run=self._run_now,
            diagnose=self._diagnose,
        )
        loop = Loop(self._probes, self._clock, self._take_result, secrets=self.secrets)
        return _Parts(outbox, loop, uplink, channel)

    async def _take_result(self, check: int, at: int, result: Result) -> None:
        parts = self._parts
        await parts.outbox.put(check, at, result)
        for kind, body in result.documents:
            await parts.outbox.add_document(wire.Document(kind, at, dict(body)))
        if self._trigger.take(check, result.status, at):
            for path in self._paths:
                parts.loop.start(path)

    def _take_secrets(self, values: Mapping[str, str]) -> None:
        if self.secrets.take(values):
            self._parts.loop.secrets_changed()

    async def _tell(self, event: wire.Event) -> None:
        await self._parts.outbox.tell(msgspec.structs.replace(event, text=self.secrets.clean(event.text)))
        if event.kind == CONFIGURED and (check := self._configs.get(event.source)) is not None:
            self._settling.take(check, self._clock.now())

    def _run_now(self, check: int) -> None:
        """Asked for by the centre: of the agent's own plan, and of configurations only."""
        if check in self._configs.values():
            self._parts.loop.start(check)

    async def _keep(self, document: wire.Document) -> None:
        await self._parts.outbox.add_document(document)

    async def _diagnose(self, request: wire.Diagnose) -> wire.Diagnosis:
        from agents.diagnostics import diagnose
        from agents.trial import Own

        return await diagnose(
            request, probes=self._probes, own=Own(self._plan.checks, self._plan.allowed, self.secrets)
        )

    async def _guard(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        # What ends here is a bug of ours. The rest of the agent goes on, and people are told.
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the guard of the whole agent
                _log.exception("%s failed, starting it again", name)
                text = self.secrets.clean(f"{name}: {type(error).__name__}: {error}")
                await self._parts.outbox.add_event("agent fault", text)
            await asyncio.sleep(_RESTART_S)

    async def _take_plan(self, plan: wire.Plan) -> None:
        parts, self._plan = self._parts, plan
        parts.loop.take(
            (Check(c.id, c.kind, c.target, c.interval_ms, c.timeout_ms, c.params) for c in plan.checks),
            refuses_all_but(plan.allowed),
        )
        self._trigger.watch([c.id for c in plan.checks if c.role in LINE_ROLES])
        self._paths = [c.id for c in plan.checks if c.kind == "path"]
        self._configs = {c.target: c.id for c in plan.checks if c.kind == "config"}
        for check in plan.checks:
            if check.kind in ("listen", "relay"):
                parts.loop.start(check.id)  # what is sent unasked is not to be missed until its turn comes
        parts.channel.heartbeat_ms = plan.heartbeat_ms
        await self._keep_bounds()

    async def _keep_house(self) -> None:
        trim_due = self._clock.now() + _TRIM_MS
        while True:
            now = self._clock.now()
            await self._watch_wall_clock()
            await self._keep_bounds()
            for check in self._settling.due(now):
                if not self._parts.loop.start(check) and check in self._configs.values():
                    # It runs, and may have read already what changed then.
                    self._settling.take(check, now)
            if now >= self._host_due:
                await self._tell_host(now)
            if now >= trim_due:
                selfwatch.give_back_memory()
                trim_due = now + _TRIM_MS
            await self._clock.sleep_until(now + _HOUSEKEEPING_MS)

    async def _keep_bounds(self) -> None:
        await self._parts.outbox.keep_within(self._plan.outbox_bytes, self._plan.outbox_days)

    async def _watch_wall_clock(self) -> None:
        # Slow drift is no jump: each look is compared with the one before.
        before, self._jump = self._jump, self._clock.jump()
        if abs(self._jump - before) > _JUMP_MS:
            text = f"the wall clock moved by {self._jump - before} ms; results go on in steady time"
            _log.warning("%s", text)
            await self._parts.outbox.add_event("clock jumped", text)

    async def _tell_host(self, now: int) -> None:
        self._host_due = now + self._plan.host_facts_every_ms
        document = await _host_document(now)
        if document is not None:
            await self._parts.outbox.add_document(document)

    def _about(self) -> About:
        parts = self._parts
        return About(
            agent=self._credential.agent,
            now=self._clock.now(),
            clock_error=parts.uplink.clock_error.estimate(),
            skipped=parts.loop.skipped,
            rss_bytes=selfwatch.rss_bytes(),
            cpu_seconds=selfwatch.cpu_seconds(),
            note="; ".join(note for note in (parts.outbox.note, parts.uplink.note) if note),
        )

    def _serve_metrics(self) -> Callable[[], None]:
        if self._metrics_port is None:
            return lambda: None
        from agents import metrics

        running = asyncio.get_running_loop()

        def read() -> metrics.Reading:
            return asyncio.run_coroutine_threadsafe(self._reading(), running).result(5)

        try:
            return metrics.serve(self._metrics_port, read)
        except OSError as error:
            raise BadInput(
                f"metrics cannot be served: {error}", where=f"port {self._metrics_port}"
            ) from error

    async def _reading(self) -> "metrics.Reading":
        from agents.metrics import Reading

        parts, about = self._parts, self._about()
        depth = await parts.outbox.depth()
        return Reading(
            rss_bytes=about.rss_bytes,
            cpu_seconds=about.cpu_seconds,
            produced=depth.totals.produced,
            waiting=depth.totals.waiting,
            dropped=depth.totals.dropped,
            thinned=depth.totals.thinned,
            outbox_bytes=depth.used_bytes,
            oldest_age_seconds=0.0 if depth.oldest_at is None else (about.now - depth.oldest_at) / 1000,
            skipped=about.skipped,
            reports_sent=parts.uplink.tally.reports,
            reports_refused=parts.uplink.tally.refused,
            send_failures=parts.uplink.tally.failures,
            bytes_sent=parts.uplink.tally.bytes_sent,
            clock_error_seconds=None if about.clock_error is None else about.clock_error / 1000,
            connected=parts.channel.connected,
        )


async def _host_document(now: int) -> wire.Document | None:
    """The facts of this machine, gathered by a short-lived child: what it loads for that need not stay."""
    try:
        async with asyncio.timeout(_HOST_S):
            output = await output_of("agents.host")
        return wire.Document("host", now, msgspec.json.decode(output, type=dict[str, Any]))
    except (TimeoutError, msgspec.DecodeError) as error:
        _log.warning("host facts: %s: %s", type(error).__name__, error)
        return None


def _lock(directory: Path) -> IO[bytes]:
    lock = (directory / LOCK).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise BadInput("another agent runs in this directory", where=str(directory)) from error
    return lock


async def run_until_signal(agent: Agent) -> None:
    """`agent.run()`, ended in order by SIGTERM or SIGINT."""
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, agent.stop)
    await agent.run()
