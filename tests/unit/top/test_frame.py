"""What `ee top` shows of what it saw."""

import re
from io import StringIO

from aiokafka.structs import TopicPartition
from rich.console import Console

from shared.top.frame import Frames, Row, table
from shared.top.look import Look, Stage

P0, P1 = TopicPartition("profile", 0), TopicPartition("profile", 1)


def look(at: float, end: int, behind: int, *, dead: int = 0, workers: int = 2) -> Look:
    state = "stable" if workers else "empty"
    waiting = {P0: behind} if behind else {}
    return Look(at, [Stage("scoring", state, workers, {P0: end, P1: 50}, waiting, dead)])


def shown(*rows: Row) -> str:
    console = Console(file=StringIO(), width=120, force_terminal=True, color_system="standard", no_color=False)
    with console.capture() as capture:
        console.print(table(rows))
    return capture.get()


def red(row: Row) -> list[str]:
    return [words.strip() for words in re.findall(r"\x1b\[1;31m(.*?)\x1b", shown(row))]


def test_the_first_look_has_lag_but_no_rate() -> None:
    (row,) = Frames().take(look(0, 100, 40))
    assert (row.lag_records, row.rate, row.workers, row.state) == (40, 0, 2, "stable")


def test_the_rate_is_what_was_passed_not_what_came() -> None:
    frames = Frames()
    frames.take(look(0, 100, 40))
    (row,) = frames.take(look(2, 300, 200))
    assert row.rate == 20
    assert row.lag_records == 200


def test_the_rate_forgets_what_is_long_ago() -> None:
    frames = Frames()
    for second in range(0, 40, 2):
        frames.take(look(second, 10_000, 10_000 - 100 * second))
    for second in range(40, 52, 2):
        (row,) = frames.take(look(second, 10_000, 6_200))
    assert row.rate == 0


def test_the_oldest_waits_longer_while_nothing_moves() -> None:
    frames = Frames()
    for second in range(0, 31, 2):
        (row,) = frames.take(look(second, 100, 40))
    assert row.lag_s == 30


def test_only_dead_letters_since_the_first_look_are_new() -> None:
    frames = Frames()
    frames.take(look(0, 1, 0, dead=7))
    (row,) = frames.take(look(2, 1, 0, dead=9))
    assert (row.dead_letters, row.new_dead_letters) == (9, 2)


def test_what_asks_for_attention_is_red() -> None:
    assert red(Row("intake", "stable", 1, 12.0, 5, 0.4, 3, 0)) == []
    assert red(Row("intake", "empty", 0, 0.0, 0, 0.0, 0, 0)) == ["empty", "0"]
    assert red(Row("intake", "stable", 1, 0.0, 5, 60.0, 0, 0)) == ["0", "5"]
    assert red(Row("intake", "stable", 1, 12.0, 5, 0.4, 3, 2)) == ["3 (+2)"]


def test_a_frame_names_every_column() -> None:
    head = shown(Row("intake", "stable", 1, 1234.5, 5678, 61.0, 3, 0)).splitlines()
    for title in ("service", "state", "workers", "records/s", "lag", "oldest waits", "dead letters"):
        assert title in head[0]
    for value in ("intake", "stable", "1,234", "5,678", "61 s"):
        assert value in head[1]
