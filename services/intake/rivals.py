"""Who else stands for the same person: one live profile per person (A10.1(5)), none while a bar holds (A10.1(4))."""

from dataclasses import dataclass, field
from datetime import date, datetime

from services.intake.life import Barred, Invitation
from services.intake.profile import Profile, live_at
from services.intake.reasons import reason
from shared.contracts.base import Reason


@dataclass(slots=True)
class Person:
    """The row of one hash, locked: the profile that holds it, how that stood when it was read, and the bars by
    the profile that set each.
    """

    person: bytes
    profile_id: str | None = None
    status: str | None = None
    expires_at: datetime | None = None
    invited: bool = False
    dirty: bool = False
    bars: dict[str, Barred] = field(default_factory=dict)


class People:
    """The locked persons of a batch, and the profiles of the batch that may hold them."""

    def __init__(self, found: dict[bytes, Person], profiles: dict[str, Profile]) -> None:
        self._found = found
        self._profiles = profiles
        self.bars: dict[tuple[bytes, str], Barred | None] = {}
        """The bars to be written, by hash and profile; None: lifted."""

    def in_the_way(self, profile_id: str, hashes: tuple[bytes, ...], at: datetime) -> str | None:
        """The state in which another live profile of the person is at an instant; None where there is none."""
        for one in map(self._found.__getitem__, hashes):
            state = self._state_of_other(one, profile_id, at)
            if state is not None:
                return state
        return None

    def _state_of_other(self, one: Person, profile_id: str, at: datetime) -> str | None:
        if one.profile_id is None or one.profile_id == profile_id:
            return None
        other = self._profiles.get(one.profile_id)
        if other is not None:
            live, invited = one.person in other.people and other.live_at(at), other.invited
        else:
            live, invited = live_at(one.status, one.expires_at, invited=one.invited, instant=at), one.invited
        if not live:
            return None
        return "invited" if invited else "in_pool"

    def hold(self, profile: Profile) -> None:
        """The person is live by this profile now."""
        for one in map(self._found.__getitem__, profile.people):
            if one.profile_id != profile.profile_id:
                one.profile_id, one.dirty = profile.profile_id, True

    def bar(self, profile: Profile, bar: Barred | None) -> None:
        """Keep or lift the bar that a decision on this profile set."""
        for one in map(self._found.__getitem__, profile.people):
            if one.bars.get(profile.profile_id) == bar:
                continue
            self.bars[one.person, profile.profile_id] = bar
            if bar is None:
                del one.bars[profile.profile_id]
            else:
                one.bars[profile.profile_id] = bar

    def barred(self, profile_id: str, hashes: tuple[bytes, ...], day: date) -> Reason | None:
        """The bar that holds longest of those that hold on a day, by decisions on other profiles of the person."""
        set_by_others = (
            bar for one in map(self._found.__getitem__, hashes) for by, bar in one.bars.items() if by != profile_id
        )
        ends = [bar.until for bar in set_by_others if bar.holds_on(day)]
        if None in ends:
            return reason("barred_without_end", section="A10.1(4)")
        last = max(filter(None, ends), default=None)
        return reason("barred", section="A10.1(4)", until=last.isoformat()) if last else None

    def changed(self) -> list[Person]:
        """The rows to be written."""
        return [one for one in self._found.values() if one.dirty]


def newest_bar(invitations: list[Invitation]) -> Barred | None:
    """The bar of the newest decision on a profile: each `decided` carries it whole."""
    newest = max(invitations, key=lambda one: one.sequence, default=None)
    return newest.bar if newest else None
