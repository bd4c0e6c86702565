"""Roles, schemas and migrations of the services.

A runner of our own, because each schema is migrated as its own owner, in `pre` and `post` steps, from several folders
(the shared ones and the service's): with another tool this would be a wrapper as long as this file.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import asyncpg

from shared.db.operators import scram_verifier
from shared.db.pool import tls
from shared.db.settings import AUDITOR, DatabaseSettings, app_role, operator_role, owner_role
from shared.kafka.topics import SERVICES

Step = Literal["pre", "post", "all"]
SHARED = ("shared.worker", "shared.audit")

_ROLES = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} {options}; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- made at this moment from another database
END $$;
"""
_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {owner};
REVOKE ALL ON SCHEMA {service} FROM PUBLIC;
GRANT USAGE ON SCHEMA {service} TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {service} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {service} GRANT USAGE ON SEQUENCES TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {service} GRANT EXECUTE ON FUNCTIONS TO {app};
ALTER ROLE {app} SET search_path = {service};
"""
_LEDGER = """
CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
);
"""


class MigrationChangedError(Exception):
    """A migration that was applied is not what it was: write a new one instead."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `NNNN_what.pre.sql` is safe before the new code runs, `.post.sql` after the old code is gone."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def position(name: str) -> tuple[str, bool, str]:
    """Where a file stands: by its number, and `pre` before `post` of the same number (the alphabet says otherwise)."""
    return name.split("_", 1)[0], name.endswith(".post.sql"), name


def migrations(service: str, step: Step) -> list[Migration]:
    """The migrations of a service in order: those that every service has first."""
    found = []
    for package in (*SHARED, f"services.{service}"):
        folder = files(package).joinpath("migrations")
        names = [entry.name for entry in folder.iterdir() if entry.name.endswith((".pre.sql", ".post.sql"))]
        found += [
            Migration(f"{package}/{n}", folder.joinpath(n).read_text("utf-8")) for n in sorted(names, key=position)
        ]
    return [m for m in found if step == "all" or m.name.endswith(f".{step}.sql")]


async def apply(settings: DatabaseSettings, services: Sequence[str] = SERVICES, step: Step = "all") -> list[str]:
    """Make what is missing; returns the migrations that were applied. Two at once queue; twice changes nothing."""
    done: list[str] = []
    for service in services:
        connection = await asyncpg.connect(settings.admin_dsn(service), ssl=tls(settings))
        try:
            # One lock for all services: an advisory lock holds within a database, and they may share one.
            await connection.execute("SELECT pg_advisory_lock(hashtext('ee.migrate'))")
            await _roles(connection, service, settings.password(service))
            done += await _migrate(connection, service, step)
        finally:
            await connection.close()
    return done


async def _roles(connection: "asyncpg.Connection[asyncpg.Record]", service: str, password: str | None) -> None:
    names = {"service": service, "owner": owner_role(service), "app": app_role(service)}
    for role, options in (
        (owner_role(service), "NOLOGIN"),
        (app_role(service), "LOGIN CONNECTION LIMIT 100"),
        (operator_role(service), "NOLOGIN"),
        (AUDITOR, "NOLOGIN"),
    ):
        await connection.execute(_ROLES.format(role=role, options=options))
    if password:
        await connection.execute(f"ALTER ROLE {app_role(service)} PASSWORD '{scram_verifier(password)}'")
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;")
    people = f"{operator_role(service)}, {AUDITOR}"
    await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {app_role(service)}, {people}")
    await connection.execute(f"GRANT {owner_role(service)} TO CURRENT_USER")
    await connection.execute(_SCHEMA.format(**names))


async def _migrate(connection: "asyncpg.Connection[asyncpg.Record]", service: str, step: Step) -> list[str]:
    await connection.execute(f"SET ROLE {owner_role(service)}; SET search_path = {service}")
    await connection.execute(_LEDGER)
    applied = {row["name"]: row["sha256"] for row in await connection.fetch("SELECT name, sha256 FROM migration")}
    done = []
    for migration in migrations(service, step):
        if migration.name not in applied:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO migration (name, sha256) VALUES ($1, $2)", migration.name, migration.sha256
                )
            done.append(f"{service}: {migration.name}")
        elif applied[migration.name] != migration.sha256:
            raise MigrationChangedError(f"{migration.name} was applied to {service} with other content: restore it")
    return done
