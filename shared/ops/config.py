"""What is wrong before anything starts: settings, then what they lead to. Nothing is changed; no secret is quoted."""

import difflib
import os
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pydantic import ValidationError

from shared.db.migrate import migrations
from shared.db.pool import arguments
from shared.db.settings import DatabaseSettings, app_role
from shared.kafka.admin import KafkaUnreachable, check_topics
from shared.kafka.settings import KafkaSettings
from shared.settings import DEFAULT_SECRETS_DIR, SECRETS_DIR, Settings

PREFIX = "EE_"
NOT_OF_A_CLASS = {SECRETS_DIR, "EE_STACK", "EE_FAILPOINT"}
"""Variables that are read where no settings class is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `problem` says what is wrong and what mends it; None: it is as it should be."""

    subject: str
    problem: str | None = None


async def check(
    classes: Mapping[str, type[Settings]], every: Sequence[str], services: Sequence[str]
) -> AsyncIterator[Finding]:
    """Look at what `services`, of `every`, need, in the order in which it has to be mended.

    Nothing is asked of servers that the settings do not name.
    """
    read = {reader: one for reader, one in classes.items() if reader not in every or reader in services}
    for finding in (*names(classes.values(), os.environ, _files()), *values(read)):
        yield finding
    try:
        database, kafka = DatabaseSettings(), KafkaSettings()
    except ValidationError:
        return
    for service in services:
        async for finding in _database(database, service):
            yield finding
    async for finding in _kafka(kafka, None if set(services) == set(every) else services):
        yield finding


def names(classes: Iterable[type[Settings]], variables: Collection[str], files: Collection[str]) -> Iterator[Finding]:
    """Variables and files of secrets that look like settings and are none: a slip of the pen is silent otherwise."""
    known = NOT_OF_A_CLASS | {name(one, field) for one in classes for field in one.model_fields}
    given = {variable: variable for variable in variables if variable.startswith(PREFIX)}
    given |= {f"file {file}": file.upper() for file in files if file.upper().startswith(PREFIX)}
    for subject, meant in sorted(given.items()):
        if meant not in known:
            near = difflib.get_close_matches(meant, known, 1)
            yield Finding(subject, f"is no setting: {f'did you mean {near[0]}?' if near else 'remove it'}")


def values(classes: Mapping[str, type[Settings]]) -> Iterator[Finding]:
    """Whether each class of settings can be read."""
    for reader, settings in classes.items():
        try:
            settings()
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False):
                if one["loc"]:
                    yield Finding(name(settings, str(one["loc"][0])), _mend(settings, str(one["loc"][0]), one["msg"]))
                else:
                    yield Finding(f"settings of {reader}", one["msg"].removeprefix("Value error, "))
        else:
            yield Finding(f"settings of {reader}")


def name(settings: type[Settings], field: str) -> str:
    """The environment variable of a field."""
    return f"{settings.model_config['env_prefix']}{field}".upper()


def _mend(settings: type[Settings], field: str, message: str) -> str:
    variable = name(settings, field)
    if message == "Field required":
        return f"is required: set it, or put it into the file {variable.lower()} in the folder of {SECRETS_DIR}"
    return f"{message.removeprefix('Value error, ')}; it means: {settings.model_fields[field].description}"


def _files() -> list[str]:
    folder = Path(os.environ.get(SECRETS_DIR, DEFAULT_SECRETS_DIR))
    return [file.name for file in folder.iterdir()] if folder.is_dir() else []


async def _database(settings: DatabaseSettings, service: str) -> AsyncIterator[Finding]:
    subject = f"database of {service}"
    try:
        asked = {**arguments(settings, service, "ee-config-check"), "max_size": 1}
        async with asyncpg.create_pool(**asked) as pool:
            applied = {row["name"]: row["sha256"] for row in await pool.fetch("SELECT name, sha256 FROM migration")}
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        yield Finding(subject, _unreachable(error, service))
        return
    yield Finding(subject)
    yield Finding(f"migrations of {service}", _migrations(service, applied))


def _unreachable(error: Exception, service: str) -> str:
    own = f"EE_{service.upper()}_POSTGRES_DSN"
    match error:
        case asyncpg.UndefinedTableError() | asyncpg.InsufficientPrivilegeError():
            return f"has no schema {service} for the role {app_role(service)}: run `ee migrate`"
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return (
                f"refuses the role {app_role(service)}: run `ee migrate` with EE_{service.upper()}_POSTGRES_PASSWORD "
                "set, which gives the role that password, or correct the password"
            )
        case asyncpg.InvalidCatalogNameError():
            return f"the server has no database of that name: create it, or correct EE_POSTGRES_DSN or {own}"
        case OSError():
            return (
                f"does not answer ({type(error).__name__}): start PostgreSQL, or correct the host and port in "
                f"EE_POSTGRES_DSN or {own}, and EE_POSTGRES_SSL"
            )
        case ValueError() if "set EE_" in str(error):
            return str(error)
        case _:
            return f"can't be used ({type(error).__name__}): look at EE_POSTGRES_DSN or {own}, and EE_POSTGRES_SSL"


def _migrations(service: str, applied: Mapping[str, str]) -> str | None:
    ours = migrations(service, "all")
    changed = [one.name for one in ours if one.name in applied and applied[one.name] != one.sha256]
    if changed:
        return f"{', '.join(changed)}: applied with other content than this version has: install the version that fits"
    missing = [one.name for one in ours if one.name not in applied and one.name.endswith(".pre.sql")]
    if missing:
        return f"{', '.join(missing)}: not applied; run `ee migrate --step pre`"
    return None


async def _kafka(settings: KafkaSettings, services: Collection[str] | None) -> AsyncIterator[Finding]:
    try:
        drifts = await check_topics(settings, services)
    except KafkaUnreachable as error:
        yield Finding("Kafka", str(error))
        return
    yield Finding("Kafka")
    for drift in drifts:
        mend = "; run `ee topics apply --alter`" if drift.can_be_altered else ""
        yield Finding("topic", f"{drift}{mend}")
    if not drifts:
        yield Finding("topics")
