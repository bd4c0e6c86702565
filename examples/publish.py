"""Publish a profile, as an upstream does."""

import json
import os
from pathlib import Path

from confluent_kafka import Producer

kafka = {"bootstrap.servers": os.environ["EE_KAFKA_BOOTSTRAP"], "enable.idempotence": True}
producer = Producer({**kafka, "partitioner": "murmur2_random"})  # the partitioner of Kafka's own clients
profile = json.loads(Path("examples/profile.json").read_text("utf-8"))
number, version = profile["profile_id"], profile["version"]
event = {"ce_specversion": "1.0", "ce_type": "profile.submitted", "ce_source": "/upstream/example"}
event |= {"ce_id": f"{number}:{version}", "ce_subject": number, "content-type": "application/json"}


def told(error, record):
    print(error or f"{number} version {version}: partition {record.partition()}, offset {record.offset()}")


producer.produce("submission", json.dumps(profile), number, headers=event, on_delivery=told)
raise SystemExit(producer.flush(30))  # how many are still without an answer: 0
