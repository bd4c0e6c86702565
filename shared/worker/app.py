"""FastStream's part: the subscriber and the life of the process. Its defaults lose messages; these settings do not."""

from collections.abc import Sequence
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.kafka.lenient import install
from shared.kafka.settings import KafkaSettings
from shared.ops.log import configure
from shared.worker.process import Process
from shared.worker.record import Record
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings

_Raw = ConsumerRecord[Any, Any]
_SASL = {"SCRAM-SHA-512": SASLScram512, "SCRAM-SHA-256": SASLScram256, "PLAIN": SASLPlaintext}

_HEARTBEATS = 10
"""In a session timeout: with the library's fixed 3 s, a short one would end for a single late heartbeat."""


def build(service: Service) -> FastStream:
    """The application of one process. Raises `pydantic.ValidationError` where a setting is wrong."""
    settings, kafka = WorkerSettings(), KafkaSettings()
    configure(service.name, settings.log_level)
    install()
    process = Process(service, settings, kafka)
    broker = KafkaBroker(
        kafka.bootstrap.split(","),
        security=_security(kafka),
        graceful_timeout=settings.graceful_timeout_s,
        apply_types=False,
        logger=None,
    )
    subscriber = broker.subscriber(
        *service.topics,
        batch=True,
        group_id=service.name,
        listener=process.listener,
        ack_policy=AckPolicy.MANUAL,
        auto_offset_reset="earliest",
        max_records=settings.batch_max_records,
        batch_timeout_ms=settings.batch_timeout_ms,
        fetch_max_bytes=settings.fetch_max_bytes,
        fetch_max_wait_ms=settings.batch_timeout_ms,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.session_timeout_ms // _HEARTBEATS,
        rebalance_timeout_ms=settings.rebalance_timeout_ms,
        partition_assignment_strategy=[RangePartitionAssignor],
        parser=_untouched,
        decoder=_as_they_came,
    )

    @subscriber
    async def take(records: Sequence[_Raw]) -> None:
        if subscriber.consumer is not None:
            await process.consumer.take([_record(raw) for raw in records], subscriber.consumer)

    return FastStream(
        broker,
        logger=None,
        on_startup=[process.open],
        after_startup=[process.run],
        on_shutdown=[process.quiesce],
        after_shutdown=[process.close],
    )


async def _untouched(records: tuple[_Raw, ...]) -> KafkaAckableMessage:
    """A parser that cannot fail: the library's own drops a whole batch for one bad header."""
    return KafkaAckableMessage(raw_message=records, body=b"", consumer=None)


async def _as_they_came(message: KafkaAckableMessage) -> Any:
    """A decoder that reads no body: bodies are read record by record (decode.py)."""
    return message.raw_message


def _record(raw: _Raw) -> Record:
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp)


def _security(kafka: KafkaSettings) -> BaseSecurity | None:
    if kafka.uses_sasl and kafka.sasl_password:
        return _SASL[kafka.sasl_mechanism](
            username=kafka.sasl_username or "",
            password=kafka.sasl_password.get_secret_value(),
            ssl_context=kafka.ssl_context,
            use_ssl=kafka.uses_tls,
        )
    return BaseSecurity(ssl_context=kafka.ssl_context, use_ssl=True) if kafka.uses_tls else None
