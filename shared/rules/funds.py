"""Settlement funds: R76(1)(b), R87.2(5)."""

from typing import NamedTuple

from shared.rules.lines import Criteria
from shared.rules.quantities import Case


class Funds(NamedTuple):
    """Whether the funds suffice or are not asked for. `known` is False where a table is needed and none is known.

    Then no one can say yes or no: `met` does not stand in the way, and the result is provisional.
    """

    met: bool
    exempt: bool
    known: bool
    needed: int | None
    family_size: int
    held: float
    rule_set: str | None

    def criterion(self, code: str, section: str, criteria: Criteria) -> None:
        """Add the line of this criterion."""
        declared = {"settlement_funds_cad": self.held}
        if self.exempt:
            criteria.add(code + ".exempt", True, section)
        elif self.needed is None:
            criteria.add(code + ".unknown", True, section)
        else:
            shown = {"needed": self.needed, "family_size": self.family_size}
            criteria.add(code, self.met, section, shown, declared)


def funds(case: Case, exempt: bool) -> Funds:
    """The funds of a case under the table in force."""
    table, facts = case.sets.funds, case.facts
    needed = None if exempt or table is None else table.amount(facts.family_size)
    met = needed is None or facts.settlement_funds_cad >= needed
    return Funds(
        met,
        exempt,
        exempt or table is not None,
        needed,
        facts.family_size,
        facts.settlement_funds_cad,
        None if table is None else table.id,
    )
