"""`python -m benchmarks.arms.quix scoring`: Quix Streams with its sink for PostgreSQL, in an environment of its own.

As its documentation has it: a dataframe over `profile`, the service's own evaluation, and the sink; a checkpoint as
large as a batch of ours. What the sink can't do is left out: it upserts at least once without looking at versions, so
that a message read again late puts an old score over a newer one; it looks up nothing (`rules` is 0) and drops a
column that is null in the first row of a batch from the whole batch (`due_at` is never written). It publishes nothing.
It makes sure of the schema on every start, which only the administrator may.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from quixstreams import Application
from quixstreams.sinks.base.item import SinkItem
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from services.scoring.evaluation import result_of, subject_of
from shared.contracts.profile import ProfileState
from shared.rules.periods import utc_day

CHECKPOINT = 1000
"""Messages in a checkpoint; the last ones wait for `INTERVAL_S`."""
INTERVAL_S = 0.5

KEYS = {"score": ["profile_id"], "result": ["profile_id", "sequence"], "facts": ["profile_id", "profile_sequence"]}


def main(name: str) -> None:
    """Consume until the process is ended."""
    app = Application(
        os.environ["EE_KAFKA_BOOTSTRAP"],
        consumer_group=name,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=CHECKPOINT,
        commit_interval=INTERVAL_S,
        loglevel="WARNING",
    )
    profiles = app.dataframe(app.topic("profile", value_deserializer="bytes"))
    profiles.apply(rows, expand=True).sink(_sink(name))
    app.run()


def rows(value: bytes | None) -> Iterator[dict[str, Any]]:
    """A row of each table of scoring; of an erased profile none."""
    if value is None:
        return
    state, now = ProfileState.read(value), datetime.now(UTC)
    result = result_of(subject_of(state, state.sequence), state.sequence, max(utc_day(now), state.on), now)
    declared = {
        "profile_id": state.profile_id,
        "profile_sequence": state.sequence,
        "correspondence_language": state.correspondence_language,
        "expires_at": state.expires_at,
        "facts": state.facts.model_dump_json(),
    }
    both = {
        "profile_id": state.profile_id,
        "sequence": result.sequence,
        "profile_sequence": state.sequence,
        "facts_sequence": state.sequence,
        "status": state.status.value,
        "evaluated_on": result.on,
        "rules": 0,
    }
    said = {"total": result.total, "provisional": result.provisional, "changed_at": result.changed_at}
    yield declared
    yield {**both, **said, "scored": result.scored, "eligible": result.eligible}
    yield {**both, "submitted_at": state.submitted_at}


def _table(item: SinkItem) -> str:
    """The one sink writes all three tables, so that a checkpoint of a partition is one transaction."""
    if "facts" in item.value:
        return "facts"
    return "result" if "total" in item.value else "score"


def _sink(schema: str) -> PostgreSQLSink:
    dsn = urlsplit(os.environ["EE_ADMIN_POSTGRES_DSN"])
    return PostgreSQLSink(
        host=dsn.hostname or "",
        port=dsn.port or 5432,
        dbname=dsn.path[1:],
        user=unquote(dsn.username or ""),
        password=unquote(dsn.password or ""),
        table_name=_table,
        schema_name=schema,
        schema_auto_update=False,
        primary_key_columns=lambda item: KEYS[_table(item)],
        upsert_on_primary_key=True,
        include_metadata=False,
    )


if __name__ == "__main__":
    main(sys.argv[1])
