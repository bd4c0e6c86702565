"""The example of a downstream service, without a broker: which letter a message makes, and when it makes none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.notifications.letters import TEXTS, letter
from examples.notifications.memory import Letter, Memory
from examples.notifications.sending import Addresses, send
from shared.rules.catalogue import fields

EXAMPLES = Path(__file__).parents[2] / "docs" / "messages" / "examples"
TYPES = {
    "notice": "candidate.notice.v1",
    "rejected": "input.rejected.v1",
    "scored": "profile.scored.v1",
    "invited": "invitation.issued.v1",
    "decided": "application.decided.v1",
}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    found = Memory(tmp_path / "memory.sqlite")
    yield found
    found.close()


def made(memory: Memory, topic: str, ce_id: str = "", **changes: Any) -> Letter | None:
    """The letter of the example on that topic, with these fields changed."""
    record = json.loads((EXAMPLES / f"{TYPES[topic]}.json").read_text("utf-8"))
    headers = {name: value.encode() for name, value in record["headers"].items()}
    headers |= {"ce_id": ce_id.encode()} if ce_id else {}
    return letter(memory, topic, record["key"], headers, json.dumps(record["body"] | changes).encode())


@pytest.mark.parametrize(
    ("topic", "lang", "words"),
    [
        ("notice", "en", "Express Entry pool on"),
        ("notice", "fr", "le bassin d’Entrée express le"),
        ("rejected", "en", "What you sent about your profile was not accepted, for the following reasons:\n\n- "),
        ("rejected", "fr", "Votre envoi au sujet de votre profil n’a pas été accepté"),
        ("scored", "en", "On 2026-08-16, your score under the Comprehensive Ranking System was 513 out of 1,200."),
        ("scored", "fr", "Le 2026-08-16, votre note selon le Système de classement global était de 513 sur 1 200."),
        ("invited", "en", "received before 2026-10-20 00:00 UTC (2026-10-19 20:00 in Ottawa)."),
        ("invited", "fr", "au titre de : catégorie de l’expérience canadienne. Votre note était de 513."),
        ("decided", "en", "is refused. The Federal Court may be asked"),
        ("decided", "fr", "- Refusée en vertu de A11.2(1)(b).\n"),
    ],
)
def test_a_message_becomes_a_letter_in_the_language_of_the_candidate(
    memory: Memory, topic: str, lang: str, words: str
) -> None:
    found = made(memory, topic, correspondence_language=lang)
    assert found is not None
    assert found.language == lang
    assert words in found.text
    assert found.profile in found.subject


def test_a_copy_of_a_fact_makes_no_letter_and_another_fact_does(memory: Memory) -> None:
    assert made(memory, "notice")
    assert made(memory, "notice") is None
    assert made(memory, "notice", ce_id="notice:another")


def test_a_score_is_told_once_and_again_only_when_it_is_newer_and_another(memory: Memory) -> None:
    assert made(memory, "scored", sequence=4, total=500)
    assert made(memory, "scored", sequence=4, total=500) is None
    assert made(memory, "scored", sequence=3, total=480) is None
    assert made(memory, "scored", sequence=5, total=500, on="2026-09-01") is None
    assert made(memory, "scored", sequence=9, total=505)


def test_a_provisional_score_is_told_as_provisional(memory: Memory) -> None:
    found = made(memory, "scored", provisional=True)
    assert found is not None
    assert "This score is provisional" in found.text or "Cette note est provisoire" in found.text


def test_a_profile_that_has_left_the_pool_is_told_no_score(memory: Memory) -> None:
    assert made(memory, "scored", status="expired") is None


def test_a_proposal_to_an_officer_is_not_told_to_the_candidate(memory: Memory) -> None:
    assert made(memory, "decided", outcome="proposed") is None
    assert made(memory, "decided", ce_id="another", outcome="received")


def test_an_erased_profile_leaves_nothing_behind_but_the_ids_of_messages(memory: Memory) -> None:
    found = made(memory, "scored")
    assert found is not None
    memory.keep(found)
    memory.forget(found.profile)
    assert memory.unsent() == []
    assert made(memory, "scored")


def test_what_was_seen_is_forgotten_with_the_letter_when_the_transaction_fails(memory: Memory) -> None:
    def fail_half_way() -> None:
        with memory.transaction():
            assert made(memory, "notice")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert made(memory, "notice")


def test_a_letter_waits_for_its_address_and_leaves_whole(memory: Memory, tmp_path: Path) -> None:
    book, spool = tmp_path / "addresses.json", tmp_path / "spool"
    book.write_text("{}", "utf-8")
    found = made(memory, "invited", correspondence_language="fr")
    assert found is not None
    memory.keep(found)
    send(memory, Addresses(book), spool)
    assert list(spool.iterdir()) == []
    book.write_text(json.dumps({found.profile: "someone@example.org"}), "utf-8")
    send(memory, Addresses(book), spool)
    assert [file.name for file in spool.iterdir()] == [f"{found.id}.eml"]
    written = (spool / f"{found.id}.eml").read_bytes()
    assert b"To: someone@example.org\r\n" in written
    assert b"Content-Language: fr\r\n" in written
    assert memory.unsent() == []


def test_every_text_exists_in_both_languages_with_the_same_fields() -> None:
    for code, texts in TEXTS.items():
        assert set(texts) == {"en", "fr"}, code
        assert fields(texts["en"]) == fields(texts["fr"]), code
