"""`ee intake law`: the re-evaluation of the pool under new rule sets, watched, stopped and resumed."""

import asyncio
from typing import Annotated

import typer

from services.intake import store
from services.intake.steps import count_under_other_law, known
from shared.db.operator_cli import as_operator
from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.worker.clock_cli import business_now

app = typer.Typer(no_args_is_help=True, help="The re-evaluation of programs under new rule sets.")


@app.command()
def status() -> None:
    """Watch it: under which rule sets the pool stands, and how many rows are still to be evaluated again."""
    for line in asyncio.run(_progress()):
        typer.echo(line)


@app.command()
def stop(reason: Annotated[str, typer.Option(help="Why; shown by `status`.")]) -> None:
    """Stop it in every process; messages, expiries and reminders go on."""
    as_operator("intake", lambda connection: store.stop_law(connection, reason))
    typer.echo("stopped; go on with `ee intake law resume`")


@app.command()
def resume() -> None:
    """Let it go on where it was stopped."""
    as_operator("intake", store.resume_law)
    typer.echo("resumed")


async def _progress() -> list[str]:
    now = await business_now()
    pool = await open_pool(DatabaseSettings(), "intake", application_name="ee-intake")
    try:
        async with pool.acquire() as connection:
            stopped = await store.law_stopped(connection)
            left = await count_under_other_law(connection, now, also_stopped=True)
            laws = await store.laws_in_use(connection, also_stopped=True)
    finally:
        await pool.close()
    lines = [f"stopped since {stopped[0].isoformat()}: {stopped[1]}" if stopped else "running"]
    lines.append(f"{left} profiles of the pool are to be evaluated again under the rule sets in force")
    for law, first, last in laws:
        lines.append(f"submitted {first} to {last}: {law.replace(',', ' ')}")
        if not known(law):
            lines.append("these name sets that this release does not have: it leaves them alone")
    return lines
