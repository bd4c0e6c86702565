"""Which rule sets are in force on a day, for a profile that is new or that was in the pool before a set began."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal, TypeVar

from shared.rules import noc, sets
from shared.rules.scales import ABILITIES, SCALES
from shared.rules.schema import (
    AnySet,
    CategorySet,
    CecSet,
    CrsSet,
    FstSet,
    FswSet,
    FundsSet,
    LanguageSet,
    OccupationsSet,
    PhysiciansSet,
    RuleSet,
    WorkTest,
)

FIRST_DAY = date(2015, 1, 1)
"""Express Entry began on this day; there is nothing to evaluate before it."""

SkillType = Literal["0", "A", "B", "C", "D"]
_Set = TypeVar("_Set", bound=RuleSet)


def skill_type(noc_2016: str) -> SkillType:
    """Skill type or level of a NOC 2016 code: by its first digit 0, else by the second."""
    if noc_2016[0] == "0":
        return "0"
    second = int(noc_2016[1])
    return "A" if second < 2 else "B" if second < 4 else "C" if second < 6 else "D"


def _skills(basis: str) -> tuple[dict[str, int | None], frozenset[str]]:
    """For each code the TEER category that decides, None if the occupation is not skilled; the doubtful codes."""
    deciding: dict[str, int | None] = {}
    ambiguous = set()
    for code, group in noc.GROUPS.items():
        teer = group.teer if group.teer <= 3 else None
        types = {skill_type(parent) for parent in group.parents} if basis == "noc_2016" else set()
        skilled = {one in "0AB" for one in types}
        if len(skilled) == 2:
            ambiguous.add(code)
        elif types:
            by_type = {"0": 0, "A": 1, "B": 2}
            found = {by_type.get(one) for one in types}
            teer = found.pop() if len(found) == 1 else teer if teer is not None else 2
            teer = teer if skilled == {True} else None
        deciding[code] = teer
    return deciding, frozenset(ambiguous)


@dataclass(frozen=True)
class RuleSets:
    """The sets in force. `funds` is None on a day for which no table of funds is known."""

    day: date
    crs: CrsSet
    fsw: FswSet
    cec: CecSet
    fst: FstSet
    language: LanguageSet
    occupations: OccupationsSet
    funds: FundsSet | None
    physicians: PhysiciansSet | None
    categories: tuple[CategorySet, ...]
    skilled: Mapping[str, int | None]
    ambiguous: frozenset[str]
    levels: Mapping[str, tuple[Mapping[float | str, int], ...]]
    memo: dict[Any, Any] = field(default_factory=dict, init=False)
    """What other modules derive from these sets once."""

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of all of them, in order."""
        return tuple(sorted((*self.program_ids, self.crs.id, *(one.id for one in self.categories))))

    @cached_property
    def program_ids(self) -> tuple[str, ...]:
        """The ids of those that decide the programs."""
        always = (self.fsw, self.cec, self.fst, self.language, self.occupations)
        return tuple(sorted(one.id for one in (*always, self.funds, self.physicians) if one is not None))

    @cached_property
    def physician_codes(self) -> frozenset[str]:
        """The occupations under the public policy for physicians."""
        return frozenset(self.physicians.noc) if self.physicians else frozenset()

    @cached_property
    def work_categories(self) -> Mapping[str, tuple[int, ...]]:
        """For each listed occupation the places in `categories` of those that test work in it."""
        places: dict[str, list[int]] = {}
        for place, one in enumerate(self.categories):
            if isinstance(one.test, WorkTest):
                for code in one.noc:
                    places.setdefault(code, []).append(place)
        return {code: tuple(found) for code, found in places.items()}

    @cached_property
    def trade_codes(self) -> frozenset[str]:
        """The skilled trade occupations of the FST class."""
        included, excluded = self.fst.groups.included, self.fst.groups.excluded
        return frozenset(code for code in noc.GROUPS if code.startswith(included) and not code.startswith(excluded))


def score_levels(language: LanguageSet) -> dict[str, tuple[Mapping[float | str, int], ...]]:
    """For each test, for listening, reading, writing, speaking: score to level, every score of the scale."""
    found: dict[str, tuple[Mapping[float | str, int], ...]] = {}
    for test, table in language.tests.items():
        abilities = []
        for ability in ABILITIES:
            scale = SCALES[test][ability]
            rows = table.levels[ability]
            steps = int((scale.highest - scale.lowest) / scale.step)
            scores = [scale.lowest + step * scale.step for step in range(steps + 1)]
            by_score: dict[float | str, int] = {
                score: max((level for level, (low, _) in rows.items() if low <= score), default=0) for score in scores
            }
            abilities.append(by_score | dict.fromkeys(scale.letters, 0))
        found[test] = tuple(abilities)
    return found


class Registry:
    """All rule sets, and the choice among them. Built once from the package's data, or with a draft beside it."""

    def __init__(self, all_sets: Iterable[AnySet]) -> None:
        self.by_id: dict[str, AnySet] = {one.id: one for one in all_sets}
        ordered = sorted(self.by_id.values(), key=lambda one: one.effective_from)
        self._all: list[AnySet] = ordered
        self._skills = {basis: _skills(basis) for basis in ("teer", "noc_2016")}
        self._levels = {one.id: score_levels(one) for one in ordered if isinstance(one, LanguageSet)}
        self.days = sorted({day for one in ordered for day in _turning_days(one)})
        self._pool_days = sorted({one.effective_from for one in ordered if one.pool_from is not None})
        self._cache: dict[tuple[int, int], RuleSets] = {}

    def in_force(self, day: date, submitted_on: date | None = None) -> RuleSets:
        """The sets of a day. Raises `ValueError` before Express Entry began."""
        submitted = day if submitted_on is None else submitted_on
        key = (bisect_right(self.days, day), bisect_right(self._pool_days, submitted))
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._choose(day, submitted)
        return found

    def next_day(self, day: date) -> date | None:
        """The next day on which other sets, or other confirmations, may hold."""
        place = bisect_right(self.days, day)
        return self.days[place] if place < len(self.days) else None

    def _choose(self, day: date, submitted: date) -> RuleSets:
        if day < FIRST_DAY:
            raise ValueError(f"Express Entry began on {FIRST_DAY}: choose that day or a later one")
        latest: dict[str, AnySet] = {}
        for one in self._all:
            begins = one.pool_from if one.pool_from and submitted < one.effective_from else one.effective_from
            if begins <= day and (one.effective_to is None or day <= one.effective_to):
                latest[f"category {one.key}" if isinstance(one, CategorySet) else one.kind] = one
        chosen = list(latest.values())
        language, occupations = _one(chosen, LanguageSet), _one(chosen, OccupationsSet)
        skilled, ambiguous = self._skills[occupations.basis]
        return RuleSets(
            day=day,
            crs=_one(chosen, CrsSet),
            fsw=_one(chosen, FswSet),
            cec=_one(chosen, CecSet),
            fst=_one(chosen, FstSet),
            language=language,
            occupations=occupations,
            funds=_maybe(chosen, FundsSet),
            physicians=_maybe(chosen, PhysiciansSet),
            categories=tuple(sorted((x for x in chosen if isinstance(x, CategorySet)), key=lambda x: x.key)),
            skilled=skilled,
            ambiguous=ambiguous,
            levels={
                test: table
                for test, table in self._levels[language.id].items()
                if (first := language.tests[test].accepted_from) is None or first <= day
            },
        )


def _turning_days(one: AnySet) -> list[date]:
    days = [one.effective_from]
    if one.pool_from is not None:
        days.append(one.pool_from)
    days += [last + timedelta(days=1) for last in (one.effective_to, one.confirmed_until) if last is not None]
    if isinstance(one, LanguageSet):
        days += [test.accepted_from for test in one.tests.values() if test.accepted_from is not None]
    return days


def _maybe(chosen: list[AnySet], kind: type[_Set]) -> _Set | None:
    return next((one for one in chosen if isinstance(one, kind)), None)


def _one(chosen: list[AnySet], kind: type[_Set]) -> _Set:
    found = _maybe(chosen, kind)
    if found is None:
        raise ValueError(f"no rule set of the kind {kind.__name__} holds on that day")
    return found


REGISTRY = Registry(sets.load().values())
"""The rule sets of the package."""
