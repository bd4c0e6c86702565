"""What no repetition helps is told apart before it is sent."""

from typing import Any

import pytest
from aiokafka.errors import KafkaError

from shared.kafka.producer import KeyMissing, Producer, Record
from shared.worker.errors import is_transient


async def test_a_record_without_a_key_for_a_compacted_topic_is_refused_and_not_tried_again() -> None:
    settings: Any = None
    with pytest.raises(KeyMissing, match="scored") as refused:
        await Producer(settings).publish([Record("scored", None, b"{}")])
    assert not is_transient(refused.value)
    assert not isinstance(refused.value, KafkaError)
