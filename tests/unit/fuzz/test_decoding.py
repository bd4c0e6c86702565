"""Whatever strangers send is read, refused with reasons, or a dead letter with its code: reading never fails."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.decisions import received as applications
from services.intake import received as submissions
from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.generate import INPUTS, schema
from shared.worker.record import Message, Poison, Record
from tests.unit.fuzz.from_schema import instance
from tests.unit.fuzz.messages import application, records, submission

DECODERS: dict[str, Callable[[Record], Message]] = {
    "submission": submissions.decode,
    "application": applications.decode,
}
MAKERS = {"submission": submission, "application": application}


def ends(found: Iterable[Record]) -> Counter[str]:
    """What became of records: read, refused with reasons that can be published, or dead with a code."""
    counted: Counter[str] = Counter()
    for record in found:
        try:
            message = DECODERS[record.topic](record)
        except Poison as poison:
            counted[f"dead: {poison.code}"] += 1
            continue
        assert (message.body.body is None) == bool(message.body.reasons)
        for reason in message.body.reasons:
            assert len(reason.json_bytes()) < 10_000
            assert reason.text.en
            assert reason.text.fr
        counted["refused" if message.body.reasons else "read"] += 1
    return counted


@pytest.mark.parametrize("topic", DECODERS)
def test_five_thousand_damaged_messages_all_end(topic: str) -> None:
    counted = ends(records(topic, seed=7, count=2100))
    assert counted.total() == 2100
    assert counted["read"] > 300
    assert counted["refused"] > 300
    assert len([name for name in counted if name.startswith("dead")]) >= 7


@pytest.mark.parametrize(("topic", "type_"), [(topic, type_) for topic, types in INPUTS.items() for type_ in types])
def test_messages_made_from_the_schemas_all_end(topic: str, type_: str) -> None:
    random, published = Random(type_), schema(INPUTS[topic][type_], type_)
    made = []
    for place in range(40):
        body = instance(random, published, wrong=random.choice((0.0, 0.0, 0.03)))
        number = body.get("profile_id", "E000000001") if isinstance(body, dict) else "E000000001"
        key = number if isinstance(number, str) and number else "E000000001"
        value = json.dumps(body).encode("utf-8", "surrogatepass")
        made.append(Record(topic, 0, place, key.encode(), value, headers(Attributes(type_, "/u", f"s{place}"), key), 0))
    counted = ends(made)
    assert counted.total() == 40
    assert counted["read"] + counted["refused"] > 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str) | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("topic", DECODERS)
@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_in_the_place_of_any_field_ends(topic: str, data: st.DataObject) -> None:
    number, type_, body = MAKERS[topic](Random(data.draw(st.integers(0, 99))))
    names = data.draw(st.lists(st.sampled_from(sorted(set(body) - {"profile_id"})), unique=True, max_size=4))
    damaged = {
        **body,
        **{name: data.draw(JSON) for name in names},
        **data.draw(st.dictionaries(st.text(), JSON, max_size=2)),
    }
    value = json.dumps(damaged).encode("utf-8", "surrogatepass")
    counted = ends([Record(topic, 0, 1, number.encode(), value, headers(Attributes(type_, "/u", "h"), number), 0)])
    assert counted.total() == 1
