"""What the clock causes: the life of profiles, new rule sets, and what is to be forgotten."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from services.intake import forgetting, forgetting_store, life, store
from services.intake.assessment import Assess
from services.intake.batch import write_changed
from services.intake.profile import Profile
from shared.rules import rule_sets_in_force
from shared.rules.force import REGISTRY
from shared.rules.periods import utc_day
from shared.worker.service import ClockStep
from shared.worker.step import Connection, Step


class Steps:
    """The clock steps of intake. They run all the time, in every process."""

    def __init__(self, assess: Assess) -> None:
        self._assess = assess

    def all(self) -> tuple[ClockStep, ...]:
        """`life`: expiry, changes of the programs, reminders. `law`: rule sets that were loaded since.

        `commands`: what operators order. `hashes`: keyed hashes that nothing holds any more.
        """
        return (
            ClockStep("life", self.live, store.count_due),
            ClockStep("law", self.follow_law, count_under_other_law),
            ClockStep("commands", forgetting.obey, forgetting_store.count_commands),
            ClockStep("hashes", forgetting.drop_hashes, forgetting_store.count_unheld),
        )

    async def live(self, step: Step, limit: int) -> int:
        """Act on the instants that have come, each at the instant that was due."""
        taken = await store.take_due(step.connection, step.now, step.set_aside, limit)
        step.working_on(profile.profile_id for profile in taken)
        for profile in taken:
            life.advance(profile, step.now, self._assess)
        await _write(step, taken)
        return len(taken)

    async def follow_law(self, step: Step, limit: int) -> int:
        """Evaluate again what was evaluated under other rule sets than those in force for it today.

        Where it stands is in the rows themselves: it can be stopped and resumed at any row, by anybody.
        """
        outdated = under_other_law(await store.laws_in_use(step.connection), utc_day(step.now))
        if not outdated:
            return 0
        taken = await store.take_under_law(step.connection, outdated, step.set_aside, limit)
        step.working_on(profile.profile_id for profile in taken)
        for profile in taken:
            life.advance(profile, step.now, self._assess)
            if profile.in_pool:
                life.reassess(profile, utc_day(step.now), step.now, self._assess)
        await _write(step, taken)
        return len(taken)


async def count_under_other_law(connection: Connection, now: datetime, *, also_stopped: bool = False) -> int:
    """How many profiles in the pool were evaluated under other rule sets than those in force for them."""
    laws = await store.laws_in_use(connection, also_stopped=also_stopped)
    outdated = under_other_law(laws, utc_day(now))
    return await store.count_under_law(connection, outdated) if outdated else 0


def under_other_law(laws: Iterable[tuple[str, date, date]], today: date) -> list[tuple[str, date]]:
    """The rule sets and days of submission of which the profiles are to be evaluated again.

    Rows under a set that this process does not have are left alone: it is the older one, and a newer one has them.
    """
    found: list[tuple[str, date]] = []
    for law, first, last in laws:
        # A later submission is never under an older table: where both ends agree, so does all between them.
        if known(law) and (law != _law(today, first) or law != _law(today, last)):
            days = (first + timedelta(days) for days in range((last - first).days + 1))
            found += [(law, day) for day in days if law != _law(today, day)]
    return found


def known(law: str) -> bool:
    """Whether this process has all the rule sets that a row names."""
    return all(name in REGISTRY.by_id for name in law.split(","))


def _law(today: date, submitted_on: date) -> str:
    return ",".join(rule_sets_in_force(today, submitted_on=submitted_on, programs_only=True))


async def _write(step: Step, taken: Sequence[Profile]) -> None:
    moved = await write_changed(step, taken)
    step.touch(profile.profile_id for profile in moved)
