"""`python -m examples.notifications FOLDER`: reads until it is stopped, or with --until-end to the end of the topics.

FOLDER holds `memory.sqlite` and `spool/`, from where a mail server takes the letters. One process for each folder.
"""

import argparse
import logging
import os
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from examples.notifications.letters import letter
from examples.notifications.memory import Memory
from examples.notifications.sending import Addresses, send

TOPICS = ["notice", "rejected", "scored", "invited", "decided"]
GROUP = "notifications"
log = logging.getLogger(GROUP)


def connection() -> dict[str, str]:
    """How to reach Kafka: with a password where one is set."""
    found = {"bootstrap.servers": os.environ["EE_KAFKA_BOOTSTRAP"]}
    if password := os.environ.get("EE_KAFKA_SASL_PASSWORD"):
        found |= {
            "security.protocol": os.environ.get("EE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            "sasl.mechanism": os.environ.get("EE_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
            "sasl.username": os.environ.get("EE_KAFKA_SASL_USERNAME", GROUP),
            "sasl.password": password,
        }
    if authorities := os.environ.get("EE_KAFKA_SSL_CAFILE"):
        found["ssl.ca.location"] = authorities
    return found


def run(folder: Path, addresses: Addresses, *, until_end: bool) -> None:
    """Remember in one transaction, then commit the offsets, then send: a crash in between repeats, it loses nothing."""
    memory = Memory(folder / "memory.sqlite")
    send(memory, addresses, folder / "spool")  # what an earlier run left
    settings = {"group.id": GROUP, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**connection(), **settings, "enable.partition.eof": until_end})
    ended: set[tuple[str | None, int | None]] = set()
    consumer.subscribe(TOPICS, on_assign=lambda *_: ended.clear())
    try:
        while not (until_end and ended and len(ended) == len(consumer.assignment())):
            records = consumer.consume(500, timeout=1.0)
            ended |= {(record.topic(), record.partition()) for record in records if at_end(record)}
            if some := [record for record in records if not record.error()]:
                with memory.transaction():
                    for record in some:
                        take(memory, record)
                consumer.commit(asynchronous=False)
                send(memory, addresses, folder / "spool")
    finally:
        consumer.close()
        memory.close()


def at_end(record: Message) -> bool:
    """Whether this is no record but the end of a partition. Any other error ends the run; the next goes on."""
    error = record.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise KafkaException(error)
    return error is not None


def take(memory: Memory, record: Message) -> None:
    """Keep the letter of a record, unless the record is old or a copy."""
    topic, value = record.topic() or "", record.value()
    try:
        key = (record.key() or b"").decode()
        if value is None:
            memory.forget(key)
            return
        found = letter(memory, topic, key, dict(record.headers() or ()), value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # one that it cannot read stops nothing behind it
        log.error("%s[%d] %d: %s", topic, record.partition(), record.offset(), type(error).__name__)
        return
    if found:
        memory.keep(found)


if __name__ == "__main__":
    logging.basicConfig(format="%(levelname)s %(message)s")
    options = argparse.ArgumentParser(prog="python -m examples.notifications")
    options.add_argument("folder", type=Path)
    options.add_argument("--addresses", type=Path, default=Path(__file__).with_name("addresses.json"))
    options.add_argument("--until-end", action="store_true")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    run(chosen.folder, Addresses(chosen.addresses), until_end=chosen.until_end)
