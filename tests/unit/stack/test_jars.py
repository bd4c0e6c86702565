"""Kafka's jars: what the lock says, or nothing."""

import hashlib
from pathlib import Path

import pytest

from shared.stack import jars
from shared.stack.jars import JarsUnavailableError

COORDINATES = "org.example:thing:1.0"
CONTENT = b"a jar"


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with one jar, and a lock that names it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(jars, "locked", lambda: {COORDINATES: hashlib.sha256(CONTENT).hexdigest()})
    path = tmp_path / "express-entry" / "jars" / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


def test_a_jar_that_is_what_the_lock_says_is_used(jar: Path) -> None:
    assert jars.class_path() == [jar]


def test_a_jar_that_was_changed_is_refused_and_removed(jar: Path) -> None:
    jar.write_bytes(b"another jar")
    with pytest.raises(JarsUnavailableError, match=r"org\.example:thing:1\.0 .* is not the file of the lock"):
        jars.class_path()
    assert not jar.exists()


def test_a_missing_jar_without_a_network_is_said_with_the_way_out(jar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar.unlink()
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nonexistent")  # no connection can be made
    with pytest.raises(JarsUnavailableError, match=r"could not be fetched .* connect to the network once, or set EE_"):
        jars.class_path()


def test_the_lock_names_the_broker_and_a_hash_for_every_jar_and_no_address() -> None:
    locked = jars.locked()
    assert set(jars.ROOTS) <= locked.keys()
    assert len(locked) == 45
    assert all(len(sha256) == 64 and set(sha256) <= set("0123456789abcdef") for sha256 in locked.values())
    assert all(len(coordinates.split(":")) == 3 and "/" not in coordinates for coordinates in locked)
