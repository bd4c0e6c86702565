"""`python -m benchmarks.arms.naive SERVICE`: as in the tutorials of FastStream: a message, a transaction, a commit."""

import asyncio
import sys
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from benchmarks.arms.hop import Hop, service_of
from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.kafka.settings import KafkaSettings


async def main(name: str) -> None:
    """Consume until the process is ended."""
    hop = Hop(service_of(name))
    pool = await open_pool(DatabaseSettings(), name, application_name=f"naive-{name}")
    brokers = KafkaSettings().bootstrap.split(",")
    broker = KafkaBroker(brokers, acks="all", enable_idempotence=True, apply_types=False, logger=None)

    @broker.subscriber(
        *hop.service.decoders,
        group_id=name,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        decoder=_as_it_came,
    )
    async def take(raw: Any) -> None:
        async with pool.acquire() as connection:
            for one in await hop.write(connection, [hop.read(raw)]):
                known = {header: (value or b"").decode() for header, value in one.headers}
                await broker.publish(one.value, one.topic, key=one.key, headers=known)

    await FastStream(broker, logger=None).run()


async def _as_it_came(message: KafkaMessage) -> Any:
    return message.raw_message


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
