"""The committed offsets of a group, asked of its coordinator by aiokafka's client.

Not by librdkafka's ListConsumerGroupOffsets: up to 2.16 that follows a null pointer, and takes the process with it,
whenever the coordinator is still loading or has moved (its issue 5040).
"""

import asyncio
import time

from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import TopicPartition

from shared.kafka.connection import REQUEST_TIMEOUT_S
from shared.kafka.settings import KafkaSettings

_RETRY_S = 0.1


class GroupOffsets:
    """Asks on one long-lived connection; any number of tasks may call it."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client: AIOKafkaClient | None = None
        self._connecting = asyncio.Lock()

    async def close(self) -> None:
        """Give up the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """The next offset that `group` will handle, where it has committed one.

        Waits while the coordinator loads or moves. Raises `aiokafka.errors.KafkaError`.
        """
        until = time.monotonic() + REQUEST_TIMEOUT_S
        while True:
            try:
                return await self._ask(group)
            except KafkaError as error:
                if not error.retriable or time.monotonic() > until:
                    raise
            await asyncio.sleep(_RETRY_S)

    async def _ask(self, group: str) -> dict[TopicPartition, int]:
        client = await self._connected()
        coordinator = await client.coordinator_lookup(CoordinationType.GROUP, group)
        request = OffsetFetchRequest(group, None)
        answer = await client.send(coordinator, request, group=ConnectionGroup.COORDINATION)
        _check(answer.error_code)
        found: dict[TopicPartition, int] = {}
        for topic, partitions in answer.topics:
            for partition, offset, _, code in partitions:
                _check(code)
                if offset >= 0:
                    found[TopicPartition(topic, partition)] = offset
        return found

    async def _connected(self) -> AIOKafkaClient:
        async with self._connecting:
            if self._client is None:
                client = AIOKafkaClient(**self._settings.aiokafka())
                try:
                    await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client


def _check(code: int) -> None:
    if code:
        raise for_code(code)()
