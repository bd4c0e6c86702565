"""Moving the business clock in development: from one quiet instant to the next, midnight by midnight."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.ops import ClockInstant
from shared.contracts.types import CLOCK
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.worker.clock import CLOCK_TOPIC
from shared.worker.quiet import Quiet

SOURCE = "/express-entry/ee"
QUIET_S = 120.0


class ClockGoesBackError(ValueError):
    """The business clock never goes back."""


def stops(since: datetime, until: datetime, extra: Iterable[datetime] = ()) -> Iterator[datetime]:
    """Every 00:00 UTC after `since` up to `until`, the instants named in between, and `until` itself."""
    midnight = datetime.combine(since.astimezone(UTC).date(), time(), UTC)
    days = (until - midnight).days
    wanted = {midnight + timedelta(days=n) for n in range(1, days + 1)} | set(extra) | {until}
    yield from sorted(instant for instant in wanted if since < instant <= until)


async def current(kafka: KafkaSettings) -> datetime | None:
    """The instant that the clock shows; None before the first."""
    shown = None
    async for record in read_to_end(kafka, [CLOCK_TOPIC]):
        instant = ClockInstant.read(record.value or b"").instant
        shown = instant if shown is None else max(shown, instant)
    return shown


class Mover:
    """Moves the clock of one installation; waits for quiet at each instant."""

    def __init__(self, quiet: Quiet, producer: Producer, kafka: KafkaSettings, deadline_s: float = QUIET_S) -> None:
        self._quiet = quiet
        self._producer = producer
        self._kafka = kafka
        self._deadline_s = deadline_s

    async def set(self, instant: datetime) -> None:
        """Publish an instant, and return when all is quiet at it. Readers drop one that would go back."""
        event = Attributes(CLOCK, SOURCE, f"clock:{instant.isoformat()}", instant)
        body = ClockInstant(instant=instant).json_bytes()
        await self._producer.publish([Record(CLOCK_TOPIC, b"clock", body, headers(event, "clock"))])
        await self._quiet.wait(instant, self._deadline_s)

    async def advance(
        self, until: datetime, extra: Iterable[datetime] = (), tell: Callable[[datetime], None] = lambda _: None
    ) -> None:
        """Go to `until`, stopping at each midnight and at the instants named.

        Raises `ClockGoesBackError`, `NotQuietError`.
        """
        since = await current(self._kafka)
        if since is None:
            await self.set(until)
            return
        if until < since:
            raise ClockGoesBackError(f"the clock shows {since.isoformat()}: it never goes back")
        await self._quiet.wait(since, self._deadline_s)
        for instant in stops(since, until, extra):
            await self.set(instant)
            tell(instant)
