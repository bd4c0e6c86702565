"""Fees, by the instant of receipt."""

from datetime import datetime

import pytest

from shared.rules.fees import FeeKind, Payer, Program, fee


@pytest.mark.parametrize(
    ("received_at", "kind", "of", "program", "amount"),
    [
        ("2021-06-01T12:00:00+00:00", "processing", "applicant", "CEC", None),
        ("2022-04-30T12:59:59.999999+00:00", "processing", "applicant", "CEC", None),
        ("2022-04-30T13:00:00+00:00", "processing", "applicant", "CEC", 850),
        ("2022-05-01T12:00:00+00:00", "processing", "partner", "FSW", 850),
        ("2022-05-01T12:00:00+00:00", "processing", "dependent_child", "FSW", 230),
        ("2022-05-01T12:00:00+00:00", "permanent_residence", "partner", "FSW", 515),
        ("2024-04-30T12:59:59.999999+00:00", "processing", "applicant", "FST", 850),
        ("2024-04-30T13:00:00+00:00", "processing", "applicant", "FST", 950),
        ("2024-04-30T13:00:00+00:00", "processing", "partner", "PNP", 950),
        ("2024-04-30T13:00:00+00:00", "processing", "dependent_child", "PNP", 260),
        ("2024-04-30T13:00:00+00:00", "permanent_residence", "applicant", "CEC", 575),
        ("2026-04-30T12:59:59.999999+00:00", "permanent_residence", "applicant", "CEC", 575),
        ("2026-04-30T09:00:00-04:00", "permanent_residence", "applicant", "CEC", 600),
        ("2026-04-30T13:00:00+00:00", "permanent_residence", "partner", "FSW", 600),
        ("2026-04-30T13:00:00+00:00", "processing", "applicant", "PNP", 990),
        ("2026-04-30T13:00:00+00:00", "processing", "partner", "PNP", None),
        ("2026-04-30T13:00:00+00:00", "processing", "applicant", "CEC", None),
        ("2026-04-30T13:00:00+00:00", "processing", "dependent_child", "CEC", None),
    ],
)
def test_the_amount_is_that_of_the_instant_of_receipt(
    received_at: str, kind: FeeKind, of: Payer, program: Program, amount: int | None
) -> None:
    due = fee(kind, of, datetime.fromisoformat(received_at), program)
    assert due is not None
    assert due.amount_cad == amount


def test_a_dependent_child_owes_no_permanent_residence_fee() -> None:
    received_at = datetime.fromisoformat("2026-06-01T12:00:00+00:00")
    assert fee("permanent_residence", "dependent_child", received_at, "FSW") is None


def test_only_the_processing_fee_is_needed_for_completeness() -> None:
    received_at = datetime.fromisoformat("2026-06-01T12:00:00+00:00")
    processing = fee("processing", "applicant", received_at, "PNP")
    residence = fee("permanent_residence", "applicant", received_at, "PNP")
    assert processing is not None
    assert residence is not None
    assert (processing.needed_for_completeness, processing.rule_set) == (True, "fees_2026-04-30")
    assert (residence.needed_for_completeness, residence.section) == (False, "R303(1)")


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset from UTC"):
        fee("processing", "applicant", datetime(2026, 4, 30, 9), "PNP")  # noqa: DTZ001 the naive instant is the case
