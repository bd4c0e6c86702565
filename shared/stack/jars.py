"""Apache Kafka's jars: by Maven coordinates against a lock with their SHA-256, kept in a user cache.

The lock names coordinates and hashes and no index; where to fetch from is the Maven client's own setting.
"""

import contextlib
import fcntl
import hashlib
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

from jgo.maven import MavenContext
from requests.exceptions import SSLError

ROOTS = ("org.apache.kafka:kafka_2.13:4.4.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5")
LOCK = "kafka-jars.lock"
_CERTIFICATES = "REQUESTS_CA_BUNDLE"


class JarsUnavailableError(Exception):
    """The jars are not in the cache and could not be fetched, or are not what the lock says."""


def cache_folder() -> Path:
    """Where the jars are kept: `$XDG_CACHE_HOME/express-entry/jars` (`~/.cache/...`)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "express-entry" / "jars"


def locked() -> dict[str, str]:
    """Coordinates (group:artifact:version) to SHA-256."""
    lines = files(__package__).joinpath(LOCK).read_text("utf-8").splitlines()
    return dict(line.split(" sha256:") for line in lines if line and not line.startswith("#"))


def class_path(tell: Callable[[str], None] = lambda _: None) -> list[Path]:
    """Apache Kafka's jars. Raises `JarsUnavailableError`."""
    return fetched(locked(), tell)


def fetched(wanted: Mapping[str, str], tell: Callable[[str], None] = lambda _: None) -> list[Path]:
    """These coordinates as files, fetched where they are missing, each compared with its SHA-256.

    Raises `JarsUnavailableError`.
    """
    folder = cache_folder()
    with _one_at_a_time(folder):
        missing = [c for c in wanted if not _jar(folder, c).exists()]
        if missing:
            tell(f"fetching Apache Kafka: {len(missing)} jars into {folder}")
            _fetch(folder, missing)
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda item: _checked(folder, *item), wanted.items()))


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """A jar that another process is still fetching is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _jar(folder: Path, coordinates: str) -> Path:
    group, artifact, version = coordinates.split(":")
    return folder / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.jar"


def _fetch(folder: Path, coordinates: list[str]) -> None:
    try:
        try:
            _download(folder, coordinates)
        except SSLError:
            with _system_certificates():
                _download(folder, coordinates)
    except Exception as error:
        raise JarsUnavailableError(
            f"Apache Kafka's jars could not be fetched ({type(error).__name__}): connect to the network once, or set "
            "EE_KAFKA_BOOTSTRAP to a cluster that runs already"
        ) from error


def _download(folder: Path, coordinates: list[str]) -> None:
    maven = MavenContext(repo_cache=folder, timeout=60)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda c: maven.create_dependency(c).artifact.resolve(), coordinates))


@contextlib.contextmanager
def _system_certificates() -> Iterator[None]:
    """Trust whom the system trusts: the client knows a list of its own, without a company's own authority."""
    paths = ssl.get_default_verify_paths()
    before = os.environ.get(_CERTIFICATES)
    os.environ[_CERTIFICATES] = before or paths.cafile or paths.capath or ""
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CERTIFICATES]


def _checked(folder: Path, coordinates: str, sha256: str) -> Path:
    jar = _jar(folder, coordinates)
    if _sha256(jar) != sha256:
        jar.unlink(missing_ok=True)
        raise JarsUnavailableError(f"{coordinates} in {folder} is not the file of the lock: removed, start again")
    return jar


def _sha256(jar: Path) -> str:
    with jar.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def relock(folder: Path) -> Iterator[str]:
    """The lines of a new lock, from what the roots need today (`make lock`). Kafka's own versions come first."""
    maven = MavenContext(repo_cache=folder, timeout=60)
    chosen: dict[str, str] = {}
    for root in ROOTS:
        # One root at a time: together, one root's dependency management would change the other's versions.
        inputs, transitive = maven.resolver.resolve([maven.create_dependency(root)])
        for dependency in (*inputs, *transitive):
            name = f"{dependency.groupId}:{dependency.artifactId}"
            chosen.setdefault(name, dependency.version)
            if chosen[name] == dependency.version:
                dependency.artifact.resolve()
    yield "# Apache Kafka and what it needs, by Maven coordinates. Made by `make lock`."
    for name, version in sorted(chosen.items()):
        coordinates = f"{name}:{version}"
        yield f"{coordinates} sha256:{_sha256(_jar(folder, coordinates))}"


if __name__ == "__main__":
    print("\n".join(relock(cache_folder())))
