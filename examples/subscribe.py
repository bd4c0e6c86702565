"""Follow scores and invitations, as a downstream service does."""

import json
import os

from confluent_kafka import Consumer

kafka = {"bootstrap.servers": os.environ["EE_KAFKA_BOOTSTRAP"], "group.id": "subscriber"}
consumer = Consumer({**kafka, "auto.offset.reset": "earliest", "enable.auto.commit": False})
consumer.subscribe(["scored", "invited"])
seen = {}  # in memory, so nothing is committed and a restart reads from the beginning
while True:
    if (record := consumer.poll(1)) is None or record.error():
        continue
    body = json.loads(record.value() or "{}")  # no value: the profile was erased
    slot = record.key() if record.topic() == "scored" else dict(record.headers())["ce_id"]
    if body.get("sequence", 0) > seen.get(slot, 0):  # state: drop sequence <= seen; facts: drop a ce_id seen
        seen[slot] = body["sequence"]
        print(record.topic(), body["profile_id"], body["total"], flush=True)
