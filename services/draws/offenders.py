"""What in our own tables keeps a round from ranking; every look is a look into an index."""

from datetime import date

from services.draws.reasons import reason
from services.draws.store import QUERIES
from shared.contracts.base import Reason
from shared.contracts.rounds import Instruction
from shared.rules import rule_sets_in_force
from shared.rules.periods import utc_day
from shared.worker.step import Connection


async def offenders(connection: Connection, instruction: Instruction) -> list[Reason]:
    """What has to change before this round ranks the evaluations of its day, all of one day and under one law."""
    day = utc_day(instruction.instant)
    counts = {
        "wait_due": await connection.fetchval(QUERIES.count_due, day),
        "wait_later_day": await connection.fetchval(QUERIES.count_later_day, day),
        "wait_unequal": await connection.fetchval(QUERIES.count_unequal),
    }
    if not instruction.accept_provisional:
        counts["wait_provisional"] = await count_provisional(connection)
    if not instruction.accept_held:
        counts["wait_held"] = await count_held(connection)
    found = [reason(code, count=count) for code, count in counts.items() if count]
    return [*found, *await _under_other_rule_sets(connection, day)]


async def count_provisional(connection: Connection) -> int:
    """How many profiles in the pool have a provisional result (1,000 stands for more)."""
    return int(await connection.fetchval(QUERIES.count_provisional))


async def count_held(connection: Connection) -> int:
    """How many records about profiles wait in dead letters, of any service."""
    return int(await connection.fetchval(QUERIES.count_held))


async def _under_other_rule_sets(connection: Connection, day: date) -> list[Reason]:
    """Combinations of rule sets that are not those in force for every row under them.

    Which ones are in force for a row depends on its day of submission, and only moves forward with it. So the
    earliest and the latest row of a combination speak for all between.
    """
    wrong = []
    for row in await connection.fetch(QUERIES.rule_sets_in_pool):
        ends = {names_in_force(day, utc_day(row["first"])), names_in_force(day, utc_day(row["last"]))}
        if ends != {row["names"]}:
            wrong.append(row["names"])
    return [reason("wait_rule_sets", count=len(wrong), rule_sets=_differing(wrong, day))] if wrong else []


def names_in_force(day: date, submitted_on: date) -> str:
    """The combination of rule sets in force on a day for a profile submitted on another, as `rule_sets` names it."""
    return ",".join(sorted(rule_sets_in_force(day, submitted_on=submitted_on)))


def _differing(wrong: list[str], day: date) -> str:
    """The sets that are not in force for new profiles: what is still to be replaced."""
    in_force = set(names_in_force(day, day).split(","))
    return ", ".join(sorted({name for names in wrong for name in names.split(",")} - in_force)) or "-"
