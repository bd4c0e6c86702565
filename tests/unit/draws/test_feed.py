"""The table of rounds in the published shape: read as it was published since 2015, written so that it reads back."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest

from services.draws.feed import FeedRound, instant_of, read, write
from shared.rules.bands import BANDS


def published() -> list[dict[str, str]]:
    """Rounds 1 (2015-01-31) to 447 (2026-10-01) as they were published; `instant`, `tie_break`: what the texts say."""
    return list(csv.DictReader(files("shared.demo").joinpath("published_rounds.csv").read_text("utf-8").splitlines()))


ROWS = published()


def as_published() -> Iterator[dict[str, str]]:
    """The rows with the published texts, the newest first."""
    for row in reversed(ROWS):
        pool = row["pool"].split() or ["0"] * len(BANDS)
        yield {
            "drawNumber": row["number"],
            "drawDate": row["day"],
            "drawName": row["name"],
            "drawSize": f"{int(row['invitations']):,}",
            "drawCRS": row["cut_off"],
            "drawText2": row["programs"],
            "drawDateTime": row["date_time"],
            "drawCutOff": row["closed"],
            "drawDistributionAsOn": row["pool_on"],
            **{band: f"{int(count):,}" for band, count in zip(BANDS, pool, strict=True)},
        }


def test_every_round_since_2015_is_read_as_it_was_published() -> None:
    rounds = read({"classes": "wb-tables", "rounds": list(as_published())})
    assert len(rounds) == 448
    assert sum(one.invitations for one in rounds) == 1_052_463
    for row, one in zip(reversed(ROWS), rounds, strict=True):
        assert one.number == row["number"]
        assert _utc(one.instant) == row["instant"], row
        assert _utc(one.tie_break) == row["tie_break"], row
        assert one.cut_off == int(row["cut_off"])


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_is_written_reads_back_the_same(lang: str) -> None:
    rounds = read({"rounds": list(as_published())})
    document = write(rounds, lang)
    assert document["classes"] == "wb-tables"
    assert {type(value) for row in document["rounds"] for value in row.values()} == {str}
    assert read(document) == rounds


def test_two_rounds_of_one_day_keep_their_letters() -> None:
    rounds = {one.number: one for one in read({"rounds": list(as_published())})}
    assert rounds["91a"].day == rounds["91b"].day == date(2018, 5, 30)
    assert (rounds["91a"].invitations, rounds["91b"].invitations) == (500, 200)
    assert "91" not in rounds


def test_a_row_is_spelled_as_the_published_one() -> None:
    pool = dict.fromkeys(BANDS, 0) | {"dd1": 246, "dd2": 25_123, "dd18": 254_672}
    one = FeedRound(
        "364",
        date(2025, 9, 3),
        "Canadian Experience Class",
        "Canadian Experience Class",
        1_000,
        534,
        datetime(2025, 9, 3, 15, 1, 2, tzinfo=UTC),
        datetime(2025, 8, 14, 8, 28, 38, tzinfo=UTC),
        date(2025, 9, 1),
        pool,
    )
    (english,) = write([one], "en")["rounds"]
    assert english["drawDateFull"] == "September 3, 2025"
    assert english["drawDateTime"] == "September 03, 2025 at 15:01:02 UTC"
    assert english["drawCutOff"] == "August 14, 2025 at 08:28:38 UTC"
    assert english["drawDistributionAsOn"] == "September 1, 2025"
    assert (english["drawSize"], english["drawCRS"], english["dd18"]) == ("1,000", "534", "254,672")
    assert english["drawNumberURL"] == "<a href='invitations.html?q=364'>364</a>"
    (french,) = write([one], "fr")["rounds"]
    assert (french["drawDateFull"], french["drawSize"]) == ("3 septembre 2025", "1 000")
    assert french["drawDistributionAsOn"] == "1er septembre 2025"
    assert english.keys() == french.keys()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("March 19, 2020 at 02:04:06 UTC", datetime(2020, 3, 19, 2, 4, 6, tzinfo=UTC)),
        ("January 23 2019 14:15:16", datetime(2019, 1, 23, 14, 15, 16, tzinfo=UTC)),
        ("May 3rd 2019 at 14:15:16 UTC", datetime(2019, 5, 3, 14, 15, 16, tzinfo=UTC)),
        ("June 1. 2016 at 14:15:16 PM UTC", datetime(2016, 6, 1, 14, 15, 16, tzinfo=UTC)),
        ("June 1,2016 at 2016-06-01 14:15:16 UTC", datetime(2016, 6, 1, 14, 15, 16, tzinfo=UTC)),
        ("1er août 2026 à 01:02:03 UTC", datetime(2026, 8, 1, 1, 2, 3, tzinfo=UTC)),
        ("October 7 at 14:15:16 UTC", None),
        ("October 7, 2021", None),
        ("", None),
        (None, None),
    ],
)
def test_an_instant_is_read_however_it_is_spelled(said: str | None, expected: datetime | None) -> None:
    assert instant_of(said) == expected


def _utc(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""
