"""The job offer: which of R82(2)(a) to (d) holds on a day (R87.2(3)(d)(ii) to (v) for the FST class)."""

from datetime import date

from shared.rules.days import add_years
from shared.rules.facts import Facts, JobOffer
from shared.rules.force import RuleSets

FULL_TIME = 30


def basis(facts: Facts, on: date) -> str | None:
    """`a` to `d`: on what the offer rests on that day, apart from its own terms; None if on nothing.

    (a) works in Canada on a permit by labour market assessment, for the employer who made the offer; (b) the same on a
    permit under R204(a), (c) or R205, after a year with that employer; (c) no valid permit, but an assessment of the
    offer; (d) a valid permit, neither (a) nor (b), and an assessment of the offer.
    """
    offer, permit = facts.job_offer, facts.work_permit
    if offer is None:
        return None
    valid = permit is not None and permit.expires_on >= on
    if permit is not None and valid and permit.employer_made_offer and facts.residence == "CAN":
        since = permit.with_employer_since
        if since is not None and since <= on:
            if permit.kind == "lmia":
                return "a"
            if permit.kind in ("204a", "204c", "205") and add_years(since, 1) <= on:
                return "b"
    if offer.lmia_valid_until is None or offer.lmia_valid_until < on:
        return None
    return "d" if valid else "c"


def is_skilled(offer: JobOffer, sets: RuleSets) -> bool:
    """Whether the offer is for a skilled occupation: R82(1)."""
    return sets.skilled[offer.noc] is not None


def lasts(offer: JobOffer, minimum_months: int | None) -> bool:
    """Whether it lasts long enough; `minimum_months` None = only an indeterminate one does."""
    return offer.months is None or (minimum_months is not None and offer.months >= minimum_months)


def exempt_from_length(offer: JobOffer, sets: RuleSets) -> bool:
    """The physicians' exemption from the length of the offer (public policy)."""
    return offer.publicly_funded_medical_services and offer.noc in sets.physician_codes
