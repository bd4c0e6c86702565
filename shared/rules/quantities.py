"""From declared facts to the quantities that the law counts, for one day and the rule sets in force on it."""

from collections.abc import Iterable
from copy import copy
from datetime import date

from shared.rules.days import add_years, completed_years
from shared.rules.facts import Education, Facts, LanguageTest, Partner, Work
from shared.rules.force import RuleSets
from shared.rules.scales import LANGUAGE_OF, table_of
from shared.rules.tables import LEVEL_INDEX
from shared.rules.work import Job, job

ECA_YEARS = 5
"""An assessment of equivalency counts while it is under five years old: R75(2)(e)(ii), MI 12(3)."""

Levels = tuple[int, int, int, int]
"""CLB or NCLC in listening, reading, writing, speaking; 0 under level 4."""

_TWO_OR_MORE = LEVEL_INDEX["two_or_more"]
_THREE_YEARS = LEVEL_INDEX["three_year_or_bachelor"]
_ONE_YEAR = LEVEL_INDEX["one_year"]


def begins(test: LanguageTest) -> date:
    """The day from which a result counts and its two years run."""
    return test.results_on or test.taken_on


def levels(test: LanguageTest, sets: RuleSets, on: date) -> Levels | None:
    """The levels that a test proves on a day; None if it does not count then (R74, R75(2)(d))."""
    since = test.results_on or test.taken_on
    if since > on or test.taken_on > on or add_years(since, sets.language.validity_years) <= on:
        return None
    table = sets.levels.get(table_of(test.test, test.taken_on))
    if table is None:
        return None
    listening, reading, writing, speaking = table
    return (
        listening[test.listening],
        reading[test.reading],
        writing[test.writing],
        speaking[test.speaking],
    )


def credential_counts(one: Education, on: date, body: str | None = None) -> bool:
    """Whether a credential counts: completed, and if foreign with an assessment under five years old.

    `body`: the professional body whose assessment is needed (R75(2.1)); an unnamed one is taken as the right one.
    """
    if one.completed_on > on:
        return False
    if one.country == "CAN":
        return True
    assessed = one.eca_issued_on
    if assessed is None or assessed > on or add_years(assessed, ECA_YEARS) <= on:
        return False
    return body is None or one.eca_issued_by is None or one.eca_issued_by == body


def education_level(credentials: Iterable[Education], on: date, body: str | None = None) -> int | None:
    """The highest level by its place in `tables.LEVELS`, "two or more" computed; None if no credential counts."""
    best: int | None = None
    post_secondary = 0
    for one in credentials:
        if credential_counts(one, on, body):
            level = LEVEL_INDEX[one.level]
            if level >= _ONE_YEAR:
                post_secondary += 1
            if best is None or level > best:
                best = level
    if best == _THREE_YEARS and post_secondary > 1:
        return _TWO_OR_MORE
    return best


def counts_in_canada(work: Work, sets: RuleSets) -> bool:
    """Whether a job in Canada counts as Canadian work: R87.1(3)(a), (b), MI 15(7), with the physicians' exemption."""
    if not work.authorized or work.full_time_student:
        return False
    return not work.self_employed or (work.publicly_funded_medical_services and work.noc in sets.physician_codes)


class WorkHistory:
    """A person's jobs, in order of start, by what the rules keep of them."""

    __slots__ = ("all", "canadian", "class_work", "codes", "foreign", "skilled")

    def __init__(self, declared: Iterable[Work], sets: RuleSets) -> None:
        self.all: list[tuple[Job, Work]] = []
        self.skilled: list[Job] = []
        self.canadian: list[Job] = []
        self.class_work: list[Job] = []
        self.foreign: list[Job] = []
        for work in declared:
            if work.hours_per_week > 0:
                self.all.append((job(work), work))
        if len(self.all) > 1:
            self.all.sort(key=_start)
        self.codes = sorted({work.noc for _, work in self.all}) if self.all else []
        skilled = sets.skilled
        for one, work in self.all:
            if skilled[work.noc] is None:
                continue
            self.skilled.append(one)
            if work.country != "CAN":
                self.foreign.append(one)
            elif counts_in_canada(work, sets):
                self.canadian.append(one)
                if work.temporary_resident:
                    self.class_work.append(one)


def _start(pair: tuple[Job, Work]) -> int:
    return pair[0].start


class Case:
    """One profile on one day, under the rule sets in force: everything that several tests need.

    `best`: the lowest ability of the better test, in either language; 0 without a valid one.
    """

    __slots__ = (
        "_since",
        "age",
        "best",
        "education",
        "facts",
        "first",
        "history",
        "levels",
        "on",
        "partner",
        "second",
        "sets",
        "today",
    )

    def __init__(self, facts: Facts, on: date, sets: RuleSets, age_on: date) -> None:
        self.facts = facts
        self.on = on
        self.sets = sets
        self.today = on.toordinal()
        self.age = max(completed_years(facts.date_of_birth, age_on), 0)
        self.levels: dict[str, Levels] = {}
        self.best = 0
        for test in facts.language_tests:
            found = levels(test, sets, on)
            if found is not None:
                self.levels[LANGUAGE_OF[test.test]] = found
                self.best = max(self.best, min(found))
        french_first = facts.first_official_language == "french"
        self.first = self.levels.get("french" if french_first else "english")
        self.second = self.levels.get("english" if french_first else "french")
        self.education = education_level(facts.education, on)
        self.history = WorkHistory(facts.work, sets)
        self.partner = accompanying_partner(facts)
        self._since: dict[int, int] = {}

    def since(self, years: int) -> int:
        """The first day of a window of years that ends the day before."""
        found = self._since.get(years)
        if found is None:
            found = self._since[years] = add_years(self.on, -years).toordinal()
        return found

    def with_other_first(self) -> "Case":
        """The same case as if the other official language had been declared as the first."""
        other = copy(self)
        other.first, other.second = self.second, self.first
        return other


def accompanying_partner(facts: Facts) -> Partner | None:
    """The partner who counts for the CRS: accompanying, and neither a citizen nor a permanent resident (MI 1)."""
    partner = facts.partner
    if partner is not None and partner.accompanying and partner.status_in_canada == "none":
        return partner
    return None
