"""Who else stands for the same person: one live profile per person (A10.1(5)), none while a bar holds (A10.1(4))."""

from dataclasses import dataclass
from datetime import date, datetime

from services.intake.life import Barred, Invitation
from services.intake.profile import Profile, live_at
from services.intake.reasons import reason
from shared.contracts.base import Reason


@dataclass(slots=True)
class Person:
    """The row of one hash, locked: the profile that holds it, how that stood when it was read, and the bar."""

    person: bytes
    profile_id: str | None = None
    barred_by: str | None = None
    barred_since: date | None = None
    barred_until: date | None = None
    bar_section: str | None = None
    status: str | None = None
    expires_at: datetime | None = None
    invited: bool = False
    dirty: bool = False


class People:
    """The locked persons of a batch, and the profiles of the batch that may hold them."""

    def __init__(self, found: dict[bytes, Person], profiles: dict[str, Profile]) -> None:
        self._found = found
        self._profiles = profiles

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
            if bar is not None:
                one.barred_by, one.dirty = profile.profile_id, True
                one.barred_since, one.barred_until, one.bar_section = bar
            elif one.barred_by == profile.profile_id:
                one.barred_by = one.barred_since = one.barred_until = one.bar_section = None
                one.dirty = True

    def barred(self, profile_id: str, hashes: tuple[bytes, ...], day: date) -> Reason | None:
        """The bar that holds on a day, by a decision on another profile of the person."""
        for one in map(self._found.__getitem__, hashes):
            if one.barred_since is None or one.barred_by == profile_id or day < one.barred_since:
                continue
            if one.barred_until is None:
                return reason("barred_without_end", section="A10.1(4)")
            if day <= one.barred_until:
                return reason("barred", section="A10.1(4)", until=one.barred_until.isoformat())
        return None

    def changed(self) -> list[Person]:
        """The rows to be written."""
        return [one for one in self._found.values() if one.dirty]


def newest_bar(invitations: list[Invitation]) -> Barred | None:
    """The bar of the newest decision on a profile: each `decided` carries it whole."""
    newest = max(invitations, key=lambda one: one.sequence, default=None)
    return newest.bar if newest else None
