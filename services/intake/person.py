"""Who a candidate is: keyed hashes by which one person is recognised, and identity encrypted at rest."""

import hashlib
import hmac
import unicodedata
from typing import NamedTuple

from cryptography.fernet import Fernet, MultiFernet

from services.intake.settings import IntakeSettings
from shared.contracts.submission import Identity


class People(NamedTuple):
    """The hashes of one candidate. The same passport or the same client number is the same person (A10.1(5))."""

    passport: bytes
    client: bytes | None

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return (self.passport,) if self.client is None else (self.passport, self.client)


def plain(number: str) -> str:
    """A number without case and separators; empty if it holds nothing else."""
    return "".join(c for c in unicodedata.normalize("NFKC", number).upper() if c.isalnum())


class Recognition:
    """Makes the hashes. Without the key nobody can try out passport numbers on them."""

    def __init__(self, settings: IntakeSettings) -> None:
        self._key = settings.person_key.get_secret_value().encode()

    def people(self, identity: Identity) -> People:
        """The hashes of an identity."""
        passport = self._hash("passport", identity.passport_country, plain(identity.passport_number))
        client = self._hash("client", plain(identity.client_id)) if identity.client_id else None
        return People(passport, client)

    def _hash(self, *parts: str) -> bytes:
        return hmac.digest(self._key, "\x00".join(parts).encode(), "sha256")


class Vault:
    """Encrypts identity with the newest key and opens it with any (AES-128-CBC and HMAC-SHA256: Fernet)."""

    def __init__(self, settings: IntakeSettings) -> None:
        keys = [key.get_secret_value() for key in settings.identity_keys]
        self._keys = MultiFernet([Fernet(key) for key in keys])
        self.key_id = hashlib.sha256(keys[0].encode()).hexdigest()[:16]
        """Tells which key encrypted a row, without telling the key."""

    def seal(self, identity: Identity) -> bytes:
        """The identity, encrypted with the newest key."""
        return self._keys.encrypt(identity.model_dump_json().encode())

    def open(self, sealed: bytes) -> Identity:
        """The identity again. Raises `cryptography.fernet.InvalidToken` where no key fits."""
        return Identity.model_validate_json(self._keys.decrypt(sealed))

    def rotate(self, sealed: bytes) -> bytes:
        """The same identity, encrypted with the newest key."""
        return self._keys.rotate(sealed)
