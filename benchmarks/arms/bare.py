"""`python -m benchmarks.arms.bare SERVICE`: a loop on aiokafka with the same rules and rows, and nothing that guards.

No dead letters, no isolation, no retries, no drain on a revoke, no look whether a row moved on while it was published,
no metrics, no FastStream; the same settings of the garbage collector. It is the ceiling: what safety costs is the
distance to it.
"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer

from benchmarks.arms.hop import Hop, service_of
from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.kafka.producer import Producer
from shared.kafka.settings import KafkaSettings
from shared.worker.process import calm_collector
from shared.worker.settings import WorkerSettings


async def main(name: str) -> None:
    """Consume until the process is ended."""
    hop, settings, kafka = Hop(service_of(name)), WorkerSettings(), KafkaSettings()
    pool = await open_pool(DatabaseSettings(), name, application_name=f"bare-{name}")
    producer = Producer(kafka)
    await producer.start()
    consumer = AIOKafkaConsumer(
        *hop.service.decoders,
        **kafka.aiokafka(),
        group_id=name,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_bytes=settings.fetch_max_bytes,
    )
    await consumer.start()
    calm_collector()
    async with pool.acquire() as connection:
        while True:
            taken = await consumer.getmany(timeout_ms=settings.batch_timeout_ms, max_records=settings.batch_max_records)
            messages = [hop.read(raw) for records in taken.values() for raw in records]
            if messages:
                await producer.publish(await hop.write(connection, messages))
                await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
