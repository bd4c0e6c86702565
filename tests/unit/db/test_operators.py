"""What PostgreSQL stores of a password."""

import base64
import hashlib
import hmac

import pytest

from shared.db.operators import operator_dsn, scram_verifier

NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
AUTH = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={NONCE}".encode()


def test_the_verifier_verifies_the_exchange_of_the_standard() -> None:
    """RFC 7677 section 3: user `user`, password `pencil`; what is computed from the keys is in RFC 5802 section 3."""
    found = scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    head, _, keys = found.rpartition("$")
    stored, server = map(base64.b64decode, keys.split(":"))
    assert head == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    signature = base64.b64encode(hmac.digest(server, AUTH, "sha256"))
    assert signature == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client = bytes(a ^ b for a, b in zip(proof, hmac.digest(stored, AUTH, "sha256"), strict=True))
    assert hashlib.sha256(client).digest() == stored


def test_a_password_that_needs_preparation_is_refused() -> None:
    with pytest.raises(ValueError, match="must be ASCII"):
        scram_verifier("motdepassé")


def test_the_dsn_of_an_operator_names_the_server_of_the_administrator() -> None:
    found = operator_dsn("postgresql://postgres:secret@db.example:5432/ee?sslmode=require", "ada", "a/b'c")
    assert found == "postgresql://ada:a%2Fb%27c@db.example:5432/ee?sslmode=require"
