"""The words of the demo: what its notes claim of the published week is so."""

from shared.demo.population import week
from shared.demo.report import nominees


def test_the_round_for_nominees_has_an_invitation_for_each_of_them_as_its_note_says() -> None:
    pnp = week()["rounds"][0]
    assert week()["pool"][601] <= pnp["invitations"]
    for figure in (f"#{pnp['round_id']}", f"{pnp['invitations']:,}", f"{week()['pool'][601]:,}", str(pnp["cut_off"])):
        assert figure in nominees()
