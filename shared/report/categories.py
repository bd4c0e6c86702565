"""Categories, criteria, rounds and invitations of a fiscal year, for the report to Parliament (A10.5(3))."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date

from shared.contracts.rounds import Round, RoundState
from shared.rules.force import FIRST_DAY
from shared.rules.periods import utc_day

FIRST_YEAR = FIRST_DAY.year - 1
"""The fiscal year in which Express Entry began."""


@dataclass(frozen=True, slots=True)
class Held:
    """A round of the category that was held."""

    round_id: str
    on: date
    invited: int
    eligible: int
    cut_off: int | None
    provisional_accepted: bool


@dataclass(frozen=True, slots=True)
class Category:
    """One version of one category, as the instructions of its rounds put it."""

    key: str
    rule_set: str | None
    criteria: list[str] = field(default_factory=list)
    economic_goals: list[str] = field(default_factory=list)
    legal_bases: list[str] = field(default_factory=list)
    rounds: list[Held] = field(default_factory=list)

    @property
    def invited(self) -> int:
        """Invitations of all its rounds in the year."""
        return sum(one.invited for one in self.rounds)


@dataclass(frozen=True, slots=True)
class Report:
    """`year` is the one in which the fiscal year begins: 1 April to 31 March."""

    year: int
    since: date
    until: date
    categories: list[Category]
    other_rounds: int
    other_invited: int

    @property
    def invited(self) -> int:
        """Invitations of rounds for a category."""
        return sum(one.invited for one in self.categories)

    def as_json(self) -> dict[str, object]:
        """All of it, with days as text."""
        return {
            **asdict(self),
            "invited": self.invited,
            "categories": [{**asdict(one), "invited": one.invited} for one in self.categories],
        }


def report(rounds: Iterable[Round], year: int) -> Report:
    """From the messages of topic `round`, in any order and with copies; only rounds that were held count."""
    since, until = date(year, 4, 1), date(year + 1, 3, 31)
    held = {one.round_id: one for one in rounds if one.state == RoundState.HELD}
    found = sorted(
        (one for one in held.values() if since <= utc_day(one.instruction.instant) <= until),
        key=lambda one: (one.instruction.instant, one.round_id),
    )
    categories: dict[tuple[str, str | None], Category] = {}
    others = [one for one in found if one.instruction.category is None]
    for one in found:
        if one.instruction.category is not None:
            key, rule_set = one.instruction.category, _rule_set(one)
            _add(categories.setdefault((key, rule_set), Category(key, rule_set)), one)
    return Report(year, since, until, list(categories.values()), len(others), sum(map(_invited, others)))


def _add(category: Category, one: Round) -> None:
    instruction, certificate = one.instruction, one.certificate
    assert certificate is not None, "a held round has its certificate"
    for said, texts in (
        (instruction.criteria, category.criteria),
        (instruction.economic_goal, category.economic_goals),
        (instruction.legal_base, category.legal_bases),
    ):
        if said and said not in texts:
            texts.append(said)
    category.rounds.append(
        Held(
            round_id=one.round_id,
            on=certificate.on,
            invited=certificate.invited,
            eligible=certificate.eligible,
            cut_off=certificate.cut_off,
            provisional_accepted=instruction.accept_provisional,
        )
    )


def _invited(one: Round) -> int:
    return one.certificate.invited if one.certificate else 0


def _rule_set(one: Round) -> str | None:
    """The version of the category under which the round was held, by its certificate."""
    assert one.certificate is not None, "a held round has its certificate"
    prefix = f"category_{one.instruction.category}_"
    return next((name for name in one.certificate.rule_sets if name.startswith(prefix)), None)
