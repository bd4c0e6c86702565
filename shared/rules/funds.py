"""Settlement funds: R76(1)(b), R87.2(5)."""

from typing import NamedTuple

from shared.rules.lines import Criteria
from shared.rules.quantities import Case


class Funds(NamedTuple):
    """Whether the funds suffice or are not asked for. `known` is False where a table is needed and none is known.

    Then no one can say yes or no: `met` does not stand in the way, and the result is provisional.
    """

    met: bool
    known: bool
    needed: int | None = None

    def criterion(self, code: str, section: str, case: Case, criteria: Criteria) -> None:
        """Add the line of this criterion."""
        if self.needed is not None:
            shown = {"needed": self.needed, "family_size": case.facts.family_size}
            declared = {"settlement_funds_cad": case.facts.settlement_funds_cad}
            table = case.sets.funds
            criteria.add(code, self.met, section, shown, declared, table.id if table is not None else None)
        else:
            criteria.add(code + (".exempt" if self.known else ".unknown"), True, section)


_EXEMPT = Funds(True, True)
_UNKNOWN = Funds(True, False)


def funds(case: Case, exempt: bool) -> Funds:
    """The funds of a case under the table in force."""
    if exempt:
        return _EXEMPT
    table, facts = case.sets.funds, case.facts
    if table is None:
        return _UNKNOWN
    needed = table.amount(facts.family_size)
    return Funds(facts.settlement_funds_cad >= needed, True, needed)
