"""What a release promises to the next: `python -m tests.contract.release` keeps it, the last act before it is out.

Kept of each version: its code as a wheel, which still has to run on a newer schema while processes are replaced one by
one, and its statements alone; the names of its migrations, from which that schema is made; one real record of each
message, which stays readable.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from shared.db.migrate import migrations
from shared.kafka.topics import SERVICES

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "releases"
RELEASES = sorted(
    (folder for folder in FOLDER.iterdir() if folder.is_dir()),
    key=lambda folder: [int(number) for number in folder.name.split(".")],
)
PACKAGES = ("shared.worker", *(f"services.{service}" for service in SERVICES))


def keep() -> Path:
    """Write the folder of the version that pyproject.toml names. Exits where there is one: what is out stays."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    folder = FOLDER / str(version)
    if folder.exists():
        sys.exit(f"{version} is kept already in {folder}: give pyproject.toml the version of the next release first")
    shutil.copytree(ROOT / "docs" / "messages" / "examples", folder / "messages")
    (folder / "queries").mkdir()
    for package in PACKAGES:
        shutil.copy(ROOT.joinpath(*package.split("."), "queries.sql"), folder / "queries" / f"{package}.sql")
    names = sorted({one.name for service in SERVICES for one in migrations(service, "all")})
    (folder / "migrations.txt").write_text("".join(f"{name}\n" for name in names), "utf-8")
    _pack(folder)
    return folder


def _pack(folder: Path) -> None:
    """The wheel, from a copy: what an earlier build left in the tree must not get into it."""
    with tempfile.TemporaryDirectory() as copy:
        for name in ("services", "shared"):
            shutil.copytree(ROOT / name, Path(copy, name), ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, copy)
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        subprocess.run([*build, "--wheel-dir", folder, copy], env={**os.environ, "SOURCE_DATE_EPOCH": "0"}, check=True)


if __name__ == "__main__":
    print(keep())
