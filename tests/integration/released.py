"""A database as a release made it, and the release's own code to run on it."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.db import migrate
from shared.db.migrate import Migration, Step, apply, migrations
from shared.db.settings import DatabaseSettings


async def make_schema(settings: DatabaseSettings, release: Path) -> None:
    """Apply the migrations that the release had, by today's files: a released migration is never rewritten."""
    names = (release / "migrations.txt").read_text("utf-8").split()
    with _only(names):
        done = await apply(settings)
    assert {name.partition(": ")[2] for name in done} == set(names), "a released migration is gone"


@contextmanager
def _only(names: list[str]) -> Iterator[None]:
    def of_then(service: str, step: Step) -> list[Migration]:
        return [one for one in migrations(service, step) if one.name in names]

    migrate.migrations = of_then
    try:
        yield
    finally:
        migrate.migrations = migrations


def unpack(release: Path, folder: Path) -> dict[str, str]:
    """Unpack the wheel of a release; the settings by which a process runs that code in the place of ours."""
    (wheel,) = release.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    settings = {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
    ask = [sys.executable, "-c", "import services, shared; print(services.__file__, shared.__file__)"]
    found = subprocess.run(ask, env={**os.environ, **settings}, capture_output=True, text=True, check=True)
    assert all(Path(file).is_relative_to(folder) for file in found.stdout.split()), found.stdout
    return settings
