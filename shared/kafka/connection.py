"""confluent-kafka's administration client, awaited. aiokafka's own knows no ACLs and no SCRAM users."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from shared.kafka.settings import KafkaSettings

REQUEST_TIMEOUT_S = 15.0

Key = TypeVar("Key")
Result = TypeVar("Result")


def connect(settings: KafkaSettings) -> AdminClient:
    """A client that connects when it is first used and mends its connections by itself."""
    return AdminClient(settings.confluent() | {"socket.timeout.ms": int(REQUEST_TIMEOUT_S * 1000)})


async def answers(futures: Mapping[Key, "Future[Result]"]) -> dict[Key, Result]:
    """All answers of one request. Raises the first `confluent_kafka.KafkaException`.

    Waits for every answer, also after a failure: a client that is given up while one is under way can crash the
    process.
    """
    waiting = (asyncio.wrap_future(future) for future in futures.values())
    results = await asyncio.gather(*waiting, return_exceptions=True)
    found: dict[Key, Result] = {}
    for key, result in zip(futures, results, strict=True):
        if isinstance(result, BaseException):
            raise result
        found[key] = result
    return found


def said(error: KafkaException) -> str:
    """What the library says of an error, without its wrapping."""
    reason: Any = error.args[0]
    return str(reason.str())
