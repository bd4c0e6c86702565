"""The main job, end to end: fill the pool, hold the rounds, let the sixty days pass, decide, reconcile."""

import asyncio
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from shared.contracts.rounds import Invited
from shared.demo import bad, fates, scripts
from shared.demo.population import MIDNIGHT, Candidate, week
from shared.demo.story import Log
from shared.demo.watch import Memory, Watch
from shared.kafka.producer import Producer
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from shared.worker.advance import Mover
from shared.worker.ops_cli import look
from shared.worker.publish import publish, record
from shared.worker.quiet import Glance, Quiet
from shared.worker.reconcile import Report
from shared.worker.service import Service

SOURCE = "/upstream/demo"
FILL_S = 1800.0
MakeOperator = Callable[[str, str, str], Awaitable[None]]
SETTINGS = {
    "EE_CLOCK": "topic",
    "EE_STEP_POLL_MS": "100",
    "EE_RELAY_POLL_MS": "50",
    "EE_DECISIONS_AUTO_APPROVE": "true",
    "EE_DRAWS_ROUND_TIME_LIMIT_S": "120",
}


@dataclass(slots=True)
class Result:
    """What the demo found out, for the tables and the report."""

    scale: float
    candidates: int
    bad: int = 0
    fill_s: float = 0.0
    peak_mib: int = 0
    killed: str = ""
    """The worker that was killed while the pool filled."""
    rounds: list[dict[str, Any]] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    log: Log = field(default_factory=Log)
    reconciliation: Report = field(default_factory=Report)


class Demo:
    """One run on a stack that is up."""

    def __init__(
        self,
        stack: Stack,
        services: Sequence[Service],
        console: Console,
        candidates: Sequence[Candidate],
        scale: float,
        *,
        kill: bool = False,
    ) -> None:
        self._kill = kill
        self._stack = stack
        self._services = services
        self._console = console
        self._kafka = KafkaSettings()
        self._producer = Producer(self._kafka)
        self._candidates = candidates
        self._bodies = {one.profile_id: one.body for one in candidates}
        self.result = Result(scale, len(candidates))

    async def run(self, make_operator: MakeOperator) -> Result:
        """All of it. Raises `NotQuietError` where something does not come to rest."""
        await self._producer.start()
        memory = Memory()
        try:
            async with memory.watched(), Quiet(self._services) as quiet:
                mover = Mover(quiet, self._producer, self._kafka)
                await mover.set(MIDNIGHT)
                await self._fill(quiet)
                await self._order_rounds(make_operator)
                await self._hold_rounds(mover)
                await self._let_time_pass(mover)
            self._console.print("reading every topic again, and comparing it with the tables")
            self.result.reconciliation = await look(self._services)
            await self.result.log.read(self._kafka)
            self.result.peak_mib = memory.peak_mib
        finally:
            await self._producer.stop()
        return self.result

    async def _fill(self, quiet: Quiet) -> None:
        self._console.rule("the pool of 16 August 2026")
        started = time.monotonic()
        submissions = [record(SOURCE, dict(one.body)) for one in self._candidates]
        wrong = bad.records(self._candidates[0].body)
        middle = len(submissions) // 2
        before = await quiet.look(MIDNIGHT)
        await publish(self._producer, [*submissions[:middle], *wrong, *submissions[middle:]])
        self.result.bad = len(wrong)
        self._console.print(f"published {len(submissions):,} profiles and {len(wrong)} bad submissions between them")
        with Watch(self._console, len(submissions), before) as watch:
            await quiet.wait(MIDNIGHT, FILL_S, lambda glance: self._saw(glance, watch))
        self.result.fill_s = time.monotonic() - started
        rate = self.result.candidates / self.result.fill_s
        self._console.print(f"through the pool in {self.result.fill_s:.1f} s: {rate:,.0f} profiles a second")

    def _saw(self, glance: Glance, watch: Watch) -> None:
        watch.show(glance)
        if self._kill and not self.result.killed and watch.through("scoring") > self.result.candidates // 3:
            victim = next(process for process in self._stack.processes if process.name.startswith("scoring"))
            victim.kill()
            self._stack.processes.remove(victim)
            self.result.killed = victim.name
            self._console.print(f"[red]SIGKILL to {victim.name}[/] in the middle of the stream; nothing replaces it")

    async def _order_rounds(self, make_operator: MakeOperator) -> None:
        self._console.rule("instructions: drafted by one operator, approved by another")
        await self._operators(make_operator)
        rounds = week()["rounds"]
        with tempfile.TemporaryDirectory() as folder:
            await asyncio.gather(*(asyncio.to_thread(self._draft, entry, Path(folder)) for entry in rounds))
        approve = ("grace", "round", "approve", "--yes")
        await asyncio.gather(*(asyncio.to_thread(self._ee, *approve, entry["round_id"]) for entry in rounds))

    def _draft(self, entry: dict[str, Any], folder: Path) -> None:
        file = folder / f"{entry['round_id']}.json"
        file.write_text(json.dumps(_instruction(entry, self.result.scale), default=str))
        self._ee("ada", "round", "draft", str(file))

    async def _operators(self, make_operator: MakeOperator) -> None:
        self._logins = {}
        for name in ("ada", "grace"):
            password = secrets.token_urlsafe(16)
            await make_operator(self._stack.backend.admin_dsn, name, password)
            host = self._stack.environment["EE_POSTGRES_DSN"].removeprefix("postgresql://")
            self._logins[name] = f"postgresql://{name}:{password}@{host}"

    def _ee(self, operator: str, *words: str) -> str:
        """Run the command line as an operator would; returns what it prints."""
        env = {**os.environ, "EE_OPERATOR_POSTGRES_DSN": self._logins[operator]}
        argv = [sys.executable, "-c", "from services.cli import app; app()", *words]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)  # noqa: S603
        self._console.print(f"[dim]{operator}:[/] ee {shlex.join(word.rpartition('/')[2] for word in words)}")
        if done.returncode:
            raise RuntimeError(f"ee {' '.join(words)} failed: {done.stdout}{done.stderr}")
        return done.stdout

    async def _hold_rounds(self, mover: Mover) -> None:
        self._console.rule("the rounds of that week")
        for entry in week()["rounds"]:
            instant: datetime = entry["instant"]
            await mover.advance(instant)
        await self.result.log.read(self._kafka)
        for entry in week()["rounds"]:
            held = _compared(entry, self.result.log)
            self.result.rounds.append(held)
            invited = f"{held['invited']:,} of {held['eligible']:,} in the grouping invited"
            cut_off = "-" if held["cut_off"] is None else held["cut_off"]
            self._console.print(f"#{held['round_id']} {held['key']}: {invited}, cut-off {cut_off}")

    async def _let_time_pass(self, mover: Mover) -> None:
        self._console.rule("sixty days to apply; decisions")
        invited: list[Invited] = self.result.log.invited
        plans = fates.plans(invited, self._bodies, seed=437)
        self.result.fates = Counter(plan.fate.value for plan in plans)
        for stop in fates.STOPS:
            await mover.advance(stop)
            if stop == fates.FIRST:
                await asyncio.to_thread(self._order_invitations, plans)
            said = [message for plan in plans for message in scripts.messages(plan, stop)]
            await self._producer.publish(said)
            await mover.set(stop)
            self._console.print(f"{stop:%Y-%m-%d}: {len(said):,} messages from the portal and from officers")

    def _order_invitations(self, plans: Sequence[fates.Plan]) -> None:
        """An incident gives one candidate more time; what was issued in error is cancelled, by two operators."""
        named = {plan.fate: plan.invited.invitation_id for plan in plans if plan.fate in fates.BY_ORDER}
        if number := named.get(fates.Fate.EXTENDED):
            why = ("--reason", "The portal was down.")
            self._ee("ada", "invitation", "extend", number, "--until", fates.EXTENDED_UNTIL, *why)
        if number := named.get(fates.Fate.CANCELLED):
            ordered = self._ee("ada", "invitation", "cancel", number, "--reason", "Issued in error.")
            self._ee("grace", "invitation", "confirm", "--yes", ordered.split()[-1])


def _instruction(entry: dict[str, Any], scale: float) -> dict[str, Any]:
    instant: datetime = entry["instant"]
    return {
        "round_id": entry["round_id"],
        "kind": entry["kind"],
        "program": entry.get("program"),
        "category": entry.get("category"),
        "category_version": entry.get("category_version"),
        "economic_goal": "Francophone immigration outside Quebec" if entry.get("category") else None,
        "criteria": "NCLC 7 or more in all four abilities" if entry.get("category") else None,
        "invitations": round(entry["invitations"] * scale),
        "instant": instant.isoformat(),
        "period_from": instant.date().isoformat(),
        "period_to": instant.date().isoformat(),
        "legal_base": "A10.3(1)(h.1)(iii)" if entry.get("category") else "A10.3(1)(h.1)(ii)",
    }


def _compared(entry: dict[str, Any], log: Log) -> dict[str, Any]:
    """The simulated round beside the real one."""
    certificate = log.certificates.get(entry["round_id"])
    if certificate is None:
        raise RuntimeError(f"round {entry['round_id']} was not held: {log.refusals.get(entry['round_id'])}")
    return {
        "round_id": entry["round_id"],
        "key": entry["key"],
        "invited": certificate.invited,
        "eligible": certificate.eligible,
        "cut_off": certificate.cut_off,
        "tie_break": certificate.tie_break.submitted_at if certificate.tie_break else None,
        "real_invited": entry["invitations"],
        "real_cut_off": entry["cut_off"],
        "real_tie_break": entry["tie_break"],
    }


def start(folder: Path, tell: Callable[[str], None]) -> Stack:
    """The stack of the demo, its services not yet started."""
    return Stack(folder, tell=tell, settings=SETTINGS)
