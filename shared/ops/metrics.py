"""Every metric of the project, defined once: the names are an interface (dashboards, alerts, docs)."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram

_S = ("service",)

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
RETRIES = Counter("ee_retries_total", "Steps of a batch that failed and are tried again", ("service", "phase"))
REWOUND = Counter("ee_batches_rewound_total", "Batches given back uncommitted", _S)
DEAD_LETTERS = Counter("ee_dead_letters_total", "Records sent to dead letters", ("service", "topic", "reason"))
BAD_INPUT = Counter("ee_bad_input_total", "Dead letters of input topics, by who sent them", ("service", "source"))
REJECTED = Counter("ee_rejected_total", "Inputs refused, by reason", ("service", "reason"))
SUBMISSIONS = Counter("ee_submissions_total", "Submissions handled for the first time, by outcome", ("outcome",))
BREAKER = Gauge("ee_breaker_open", "1 while own failures keep the consumer from going on", _S)
ASSIGNED = Gauge("ee_partitions_assigned", "Partitions that this process holds")
REBALANCES = Counter("ee_rebalances_total", "Assignments received")
LOOP_FAILED = Counter("ee_loop_failures_total", "Failures of a background loop", ("loop",))
STEP_ROWS = Counter("ee_clock_step_rows_total", "Due rows taken by a clock step", ("step",))
LOOP_LAG = Gauge("ee_loop_lag_seconds", "How late the event loop runs a timer, seconds")
OUTBOX = Gauge("ee_outbox_rows", "Rows that wait for the relay", _S)
LAG = Gauge("ee_lag_records", "Records between the group's committed offsets and the ends of its topics", _S)
WAITING_INPUTS = Gauge("ee_waiting_inputs", "Inputs of cases that wait for what they answer")
APPLICATIONS = Gauge("ee_applications", "Applications, by state", ("state",))
APPLICATION_AGE = Gauge("ee_application_age_days", "Days since receipt of the oldest application, by state", ("state",))
PROVISIONAL = Counter("ee_provisional_total", "Evaluations under a rule set not confirmed for the day", _S)


class _Placed(Protocol):
    @property
    def topic(self) -> str: ...


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
    for topic in {record.topic for record in records}:
        RECORDS.labels(service, topic).inc(sum(record.topic == topic for record in records))


def retry(service: str, phase: str) -> None:
    """A step of a batch failed."""
    RETRIES.labels(service, phase).inc()


def rewound(service: str) -> None:
    """A batch was given back."""
    REWOUND.labels(service).inc()


def dead_letters(service: str, letters: Iterable[_Dead]) -> None:
    """Records went to the dead letters. A source that we do not know is counted as `unknown`."""
    for letter in letters:
        DEAD_LETTERS.labels(service, letter.record.topic, letter.code).inc()
        BAD_INPUT.labels(service, (letter.source or "unknown")[:64]).inc()


def submission(outcome: str, reasons: Iterable[str] = ()) -> None:
    """A submission got its outcome; `reasons`: the codes for which it was refused."""
    SUBMISSIONS.labels(outcome).inc()
    for code in set(reasons):
        REJECTED.labels("intake", code).inc()


def breaker(service: str, *, is_open: bool) -> None:
    """The breaker opened or closed."""
    BREAKER.labels(service).set(is_open)


def assigned(partitions: int) -> None:
    """The group gave this process partitions."""
    REBALANCES.inc()
    ASSIGNED.set(partitions)


def loop_failed(loop: str) -> None:
    """A background loop failed and goes on."""
    LOOP_FAILED.labels(loop).inc()


def step_done(step: str, rows: int) -> None:
    """A clock step took due rows."""
    STEP_ROWS.labels(step).inc(rows)


def loop_lag(seconds: float) -> None:
    """How late a timer ran."""
    LOOP_LAG.set(seconds)


def outbox(service: str, rows: int) -> None:
    """Rows that wait."""
    OUTBOX.labels(service).set(rows)


def lag(service: str, records: int) -> None:
    """Records that wait."""
    LAG.labels(service).set(records)
