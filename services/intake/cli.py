"""`ee intake`: one profile's story, and the keys of identity."""

import asyncio
import json
from datetime import date, datetime
from typing import Annotated, Any

import typer
from cryptography.fernet import Fernet

from services.intake import law_cli, store
from services.intake.person import Vault
from services.intake.settings import IntakeSettings
from shared.audit.record import record
from shared.contracts.base import iso
from shared.db.operator_cli import as_operator
from shared.db.pool import Pool, open_pool
from shared.db.settings import DatabaseSettings

app = typer.Typer(no_args_is_help=True, help="Profiles as intake keeps them, and the keys of identity.")
app.add_typer(law_cli.app, name="law")


@app.command()
def show(
    profile_id: str,
    identity: Annotated[bool, typer.Option("--identity", help="decrypt and show who the candidate is")] = False,
) -> None:
    """Show a profile: how it stands, what became of each version, its invitations. No identity unless asked for.

    Who asks for identity does so under their own login (EE_OPERATOR_POSTGRES_DSN), and it is recorded.
    """
    if identity:
        _record("identity_shown", profile_id=profile_id)
    found = asyncio.run(_with_pool(lambda pool: _story(pool, profile_id, identity)))
    if found is None:
        typer.echo(f"intake knows no profile {profile_id}: check the number", err=True)
        raise typer.Exit(1)
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False, default=_written))


@app.command()
def rotate_identity(
    batch: Annotated[int, typer.Option(min=1, help="identities in one transaction")] = 500,
) -> None:
    """Encrypt every identity with the newest key, recorded under the operator's own login.

    Can be stopped and started again; workers may run meanwhile.
    """
    vault = Vault(IntakeSettings())
    _record("identity_rotated", key=vault.key_id)
    done = asyncio.run(_with_pool(lambda pool: rotate(pool, vault, batch)))
    typer.echo(f"{done} identities were encrypted anew; the older keys are no longer needed")


@app.command()
def new_key() -> None:
    """Print a new key for EE_INTAKE_IDENTITY_KEYS (put it first) or EE_INTAKE_PERSON_KEY."""
    typer.echo(Fernet.generate_key().decode())


def _written(value: datetime | date) -> str:
    """Instants as messages write them."""
    return iso(value) if isinstance(value, datetime) else value.isoformat()


def _record(action: str, **details: Any) -> None:
    """Who looks at identity or changes its key is in the log, under their own login, before it is done."""
    as_operator("intake", lambda connection: record(connection, action, **details))


async def rotate(pool: Pool, vault: Vault, batch: int) -> int:
    """Encrypt anew, a transaction for each batch, what is not under the newest key; returns how many."""
    done = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            sealed = await store.take_sealed_by_others(connection, vault.key_id, batch)
            renewed = {profile_id: vault.rotate(old) for profile_id, old in sealed.items()}
            await store.write_sealed(connection, vault.key_id, renewed)
        done += len(renewed)
        if len(renewed) < batch:
            return done


async def _story(pool: Pool, profile_id: str, identity: bool) -> dict[str, Any] | None:
    async with pool.acquire() as connection:
        found = await store.story(connection, profile_id)
        if found is not None and identity:
            sealed = await store.read_identity(connection, profile_id)
            found["identity"] = Vault(IntakeSettings()).open(sealed).model_dump() if sealed else None
        return found


async def _with_pool(act: Any) -> Any:
    pool = await open_pool(DatabaseSettings(), "intake", application_name="ee-intake")
    try:
        return await act(pool)
    finally:
        await pool.close()
