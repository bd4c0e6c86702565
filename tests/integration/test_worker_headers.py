"""A record whose header name is no UTF-8 is a dead letter, and what is beside it in the batch is read."""

import asyncio
import os
import time
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.kafka.lenient import NotUtf8
from shared.kafka.reader import Raw, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from shared.worker.decode import decode
from shared.worker.record import Poison, Record
from shared.worker.service import Service

TOPIC = "scoring.replay"
KEY = b"HEADERS-1"
DEADLINE_S = 60.0


class Latin(str):
    """A header name as a client in another encoding writes it."""

    def encode(self, *_: Any) -> bytes:
        return super().encode("latin-1")


@pytest.mark.parametrize("compression", [None, "zstd"])
async def test_a_header_name_in_another_encoding_stops_nothing_beside_it(
    stack: Stack, compression: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    kafka = KafkaSettings(bootstrap=stack.backend.bootstrap)
    marks = [os.urandom(8) for _ in range(3)]
    async with AIOKafkaProducer(**kafka.aiokafka(), compression_type=compression, linger_ms=200) as producer:
        batch = producer.create_batch()
        for mark, name in zip(marks, ("before", Latin("métier"), "after"), strict=True):
            batch.append(timestamp=None, key=KEY, value=mark, headers=[(name, b"1")])
        batch.close()
        await (await producer.send_batch(batch, TOPIC, partition=0))
    read = [record async for record in read_to_end(kafka, [TOPIC]) if record.value in marks]
    assert [record.value for record in read] == marks
    assert [record.headers[0][0] for record in read] == ["before", "m\\xe9tier", "after"]
    assert [code(record) for record in read] == ["origin_missing", "header_not_utf8", "origin_missing"]
    assert isinstance(read[1].headers[0][0], NotUtf8)
    process = stack.service("scoring")
    letters = await dead(kafka, marks)
    assert stack.stop(process) == [0]
    assert [[letter.headers[0][0], reason(letter)] for letter in letters] == [
        ["before", b"origin_missing"],
        ["m\\xe9tier", b"header_not_utf8"],
        ["after", b"origin_missing"],
    ]


async def dead(kafka: KafkaSettings, marks: list[bytes]) -> list[Raw]:
    """Their dead letters, once there is one of each."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        found = {raw.value: raw async for raw in read_to_end(kafka, [f"{TOPIC}.scoring.dlq"])}
        if all(mark in found for mark in marks):
            return [found[mark] for mark in marks]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def reason(letter: Raw) -> bytes | None:
    return dict(letter.headers)["dlq-reason"]


def code(raw: Raw) -> str:
    async def handle(*_: object) -> None: ...

    record = Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp)
    with pytest.raises(Poison) as poison:
        decode(Service("scoring", {}, handle), record)
    return poison.value.code
