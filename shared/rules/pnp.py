"""The Provincial Nominee Class under Express Entry (R87, A10.1(1.1), (2.1))."""

from functools import cache

from shared.rules.additional import nomination_in_force
from shared.rules.lines import Criteria
from shared.rules.quantities import Case

NOMINATION, OTHER_CLASS = "R87(2)(a)", "A10.1(1.1), (2.1)"


def assess(case: Case, other_met: bool, criteria: Criteria | None) -> bool:
    """A nomination in force, not of Quebec, and FSW, CEC or FST met."""
    nomination = case.facts.nomination
    in_force = nomination_in_force(case)
    outside = nomination is None or nomination.province != "QC"
    if criteria is not None:
        kept = _explained(in_force, None if nomination is None else outside, other_met)
        criteria.lines += kept.lines
        criteria.missing += kept.missing
    return in_force and outside and other_met


@cache
def _explained(in_force: bool, outside: bool | None, other_met: bool) -> Criteria:
    """The lines of the three criteria: the same for everybody."""
    criteria = Criteria(None)
    criteria.add("pnp.nomination", in_force, NOMINATION)
    if outside is not None:
        criteria.add("pnp.province", outside, NOMINATION)
    criteria.add("pnp.other_class", other_met, OTHER_CLASS)
    return criteria
