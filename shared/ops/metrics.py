"""Every metric of the project, defined once: the names are an interface (dashboards, alerts, docs)."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram

from shared.kafka.topics import TOPICS

_S = ("service",)
_SINCE = "seconds; at most since this process looked first"

RECORDS = Counter("ee_records_total", "Records handled and committed, by topic", ("service", "topic"))
BATCH_SIZE = Histogram(
    "ee_batch_records", "Records in a batch", _S, buckets=(1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
)
BATCH_SECONDS = Histogram(
    "ee_batch_seconds",
    "From poll to committed offsets, seconds",
    _S,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
STAGE_SECONDS = Histogram(
    "ee_stage_seconds",
    "From the publication of the oldest record of a batch to its committed offset, seconds",
    _S,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
RETRIES = Counter("ee_retries_total", "Steps of a batch that failed and are tried again", ("service", "phase"))
REWOUND = Counter("ee_batches_rewound_total", "Batches given back uncommitted", _S)
DEAD_LETTERS = Counter("ee_dead_letters_total", "Records sent to dead letters", ("service", "topic", "reason"))
BAD_INPUT = Counter("ee_bad_input_total", "Dead letters of input topics, by who sent them", ("service", "source"))
REJECTED = Counter("ee_rejected_total", "Inputs refused, by reason", ("service", "reason"))
SUBMISSIONS = Counter("ee_submissions_total", "Submissions handled for the first time, by outcome", ("outcome",))
BREAKER = Gauge("ee_breaker_open", "1 while own failures keep the consumer from going on", _S)
REFUSED = Gauge("ee_partitions_refused", "Partitions that are not read on before an operator has said how", _S)
ASSIGNED = Gauge("ee_partitions_assigned", "Partitions that this process holds")
REBALANCES = Counter("ee_rebalances_total", "Assignments received")
LOOP_FAILED = Counter("ee_loop_failures_total", "Failures of a background loop", ("loop",))
STEP_ROWS = Counter("ee_clock_step_rows_total", "Due rows taken by a clock step", ("step",))
LOOP_LAG = Gauge("ee_loop_lag_seconds", "How late the event loop runs a timer, seconds")
OUTBOX = Gauge("ee_outbox_rows", "Rows that wait for the relay", _S)
OUTBOX_AGE = Gauge("ee_outbox_age_seconds", f"For how long the oldest of them has waited, {_SINCE}", _S)
LAG = Gauge("ee_lag_records", "Records between the group's committed offsets and the ends of its topics", _S)
LAG_SECONDS = Gauge("ee_lag_seconds", f"For how long the oldest of them has waited, {_SINCE}", _S)
POOL = Gauge("ee_pool_profiles", "Profiles in the pool, by published band of scores", ("band",))
ROUNDS = Gauge("ee_rounds", "Rounds, by state", ("state",))
ROUND_LATE = Gauge("ee_round_late_seconds", "For how long the oldest round whose instant has come has waited, seconds")
WAITING_INPUTS = Gauge("ee_waiting_inputs", "Inputs of cases that wait for what they answer")
APPLICATIONS = Gauge("ee_applications", "Applications, by state", ("state",))
APPLICATION_AGE = Gauge("ee_application_age_days", "Days since receipt of the oldest application, by state", ("state",))
PROVISIONAL = Counter("ee_provisional_total", "Evaluations under a rule set not confirmed for the day", _S)


MAX_SOURCES = 100
"""Upstreams that are told apart; those that come later are counted together."""
_sources: set[str] = set()


class _Placed(Protocol):
    @property
    def topic(self) -> str: ...
    @property
    def timestamp_ms(self) -> int: ...


class _Dead(Protocol):
    @property
    def record(self) -> _Placed: ...
    @property
    def code(self) -> str: ...
    @property
    def source(self) -> str | None: ...


def batch_done(service: str, records: Sequence[_Placed], seconds: float) -> None:
    """A batch was committed."""
    BATCH_SIZE.labels(service).observe(len(records))
    BATCH_SECONDS.labels(service).observe(seconds)
    oldest = min((record.timestamp_ms for record in records), default=0)
    STAGE_SECONDS.labels(service).observe(max(time.time() - oldest / 1000, 0.0))
    for topic in {record.topic for record in records}:
        RECORDS.labels(service, topic).inc(sum(record.topic == topic for record in records))


def retry(service: str, phase: str) -> None:
    """A step of a batch failed."""
    RETRIES.labels(service, phase).inc()


def rewound(service: str) -> None:
    """A batch was given back."""
    REWOUND.labels(service).inc()


def dead_letters(service: str, letters: Iterable[_Dead]) -> None:
    """Records went to the dead letters. Inputs are counted by who sent them, too; who did not say is `unknown`."""
    for letter in letters:
        topic = letter.record.topic
        DEAD_LETTERS.labels(service, topic, letter.code).inc()
        if topic in TOPICS and TOPICS[topic].kind == "input":
            BAD_INPUT.labels(service, _known((letter.source or "unknown")[:64])).inc()


def _known(source: str) -> str:
    """The source, or `other`: what strangers write must not make time series without end."""
    if len(_sources) < MAX_SOURCES:
        _sources.add(source)
    return source if source in _sources else "other"


def submission(outcome: str, reasons: Iterable[str] = ()) -> None:
    """A submission got its outcome; `reasons`: the codes for which it was refused."""
    SUBMISSIONS.labels(outcome).inc()
    for code in set(reasons):
        REJECTED.labels("intake", code).inc()


def breaker(service: str, *, is_open: bool) -> None:
    """The breaker opened or closed."""
    BREAKER.labels(service).set(is_open)


def refused(service: str, partitions: int) -> None:
    """So many partitions are not what they were."""
    REFUSED.labels(service).set(partitions)


def assigned(partitions: int) -> None:
    """The group gave this process partitions."""
    REBALANCES.inc()
    ASSIGNED.set(partitions)


def revoked() -> None:
    """The group took all partitions of this process back."""
    ASSIGNED.set(0)


def loop_failed(loop: str) -> None:
    """A background loop failed and goes on."""
    LOOP_FAILED.labels(loop).inc()


def step_done(step: str, rows: int) -> None:
    """A clock step took due rows."""
    STEP_ROWS.labels(step).inc(rows)


def loop_lag(seconds: float) -> None:
    """How late a timer ran."""
    LOOP_LAG.set(seconds)


def outbox(service: str, rows: int, oldest_s: float) -> None:
    """Rows that wait, and for how long the oldest has."""
    OUTBOX.labels(service).set(rows)
    OUTBOX_AGE.labels(service).set(oldest_s)


def lag(service: str, records: int, oldest_s: float) -> None:
    """Records that wait, and for how long the oldest has."""
    LAG.labels(service).set(records)
    LAG_SECONDS.labels(service).set(oldest_s)


def pool(bands: Mapping[str, int]) -> None:
    """The pool as it stands."""
    for band, profiles in bands.items():
        POOL.labels(band).set(profiles)


def rounds(states: Mapping[str, int], late_s: float) -> None:
    """Rounds by state, and how late the oldest is that waits."""
    ROUNDS.clear()
    for state, count in states.items():
        ROUNDS.labels(state).set(count)
    ROUND_LATE.set(late_s)
