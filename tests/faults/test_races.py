"""Message step, clock step and relay on the same keys at the same time: the last record of each key is its row."""

import asyncio
from datetime import timedelta

from tests.faults.load import number, submission
from tests.faults.model import ended
from tests.faults.rig import Rig

KEYS = [number("RACE", place) for place in range(12)]
DAYS, PORTIONS = 4, 8


async def test_versions_arrive_while_midnight_evaluates_the_same_profiles(system: Rig) -> None:
    """Every version has its birthday on the day that comes, and there are several processes of both writers."""
    system.scale(intake=2, scoring=3)
    await system.quiet()
    for day in range(DAYS):
        midnight = system.now + timedelta(days=1)
        born = midnight.date().replace(year=midnight.year - 31).isoformat()
        versions = iter(range(1 + day * (PORTIONS + 1), 1 + (day + 1) * (PORTIONS + 1)))

        async def portion(version: int, born: str = born) -> None:
            await system.publish(submission(key, version, date_of_birth=born) for key in KEYS)

        async def stream(versions: list[int]) -> None:
            for version in versions:
                await portion(version)
                await asyncio.sleep(0.02)

        await portion(next(versions))
        await system.quiet()
        await asyncio.gather(stream(list(versions)), system.advance(midnight))
    report = await system.reconciled()
    assert report.counts["scored: keys"] >= len(KEYS)
    await system.ends_as_the_model_says("RACE")
    scored = await system.read("scored", "RACE")
    assert set(ended(scored, KEYS)) == set(KEYS)
    system.scale(intake=1, scoring=1)
