"""From a letter to a file for the mail server. Addresses are asked for when a letter leaves, and kept nowhere."""

import json
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from examples.notifications.memory import Letter, Memory

FROM = "no-reply@express-entry.example"


class Addresses:
    """Who has which address: a file that stands for the outside system which knows (the engine does not tell)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, profile: str) -> str | None:
        """The address of a profile's owner, as it is now."""
        found: dict[str, str] = json.loads(self._path.read_text("utf-8"))
        return found.get(profile)


def send(memory: Memory, addresses: Addresses, spool: Path) -> None:
    """Put every letter whose address is known into the spool; the others wait for theirs."""
    spool.mkdir(parents=True, exist_ok=True)
    for letter in memory.unsent():
        if address := addresses.of(letter.profile):
            _write(spool / f"{letter.id}.eml", _message(letter, address))
            memory.sent(letter)


def _message(letter: Letter, address: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = FROM, address
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<{letter.id}@express-entry.example>"  # the same if a crash makes it leave twice
    message.set_content(letter.text)
    message["Content-Language"] = letter.language
    return message.as_bytes()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a mail server never finds half a letter."""
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
