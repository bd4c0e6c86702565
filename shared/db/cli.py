"""`ee migrate`: roles, schemas and migrations."""

import asyncio
from typing import Annotated

import typer

from shared.db.migrate import Step, apply
from shared.db.settings import DatabaseSettings


def migrate(
    step: Annotated[str, typer.Option(help="pre: before the new code runs; post: after the old is gone; all")] = "all",
) -> None:
    """Make the roles and schemas of the services and apply their migrations. Twice changes nothing."""
    steps: dict[str, Step] = {"pre": "pre", "post": "post", "all": "all"}
    if step not in steps:
        raise typer.BadParameter("use pre, post or all")
    done = asyncio.run(apply(DatabaseSettings(), step=steps[step]))
    typer.echo("\n".join(done) or "nothing to do")
