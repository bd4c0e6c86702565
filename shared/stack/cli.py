"""`ee dev up|down|status|env`: the whole system on this machine."""

import contextlib
import json
import os
import shlex
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import psutil
import typer

from shared.kafka.topics import SERVICES
from shared.stack.jars import JarsUnavailableError
from shared.stack.processes import POLL_S, NotReadyError, living
from shared.stack.stack import Stack

app = typer.Typer(no_args_is_help=True, help="The whole system on this machine, for development.")

Folder = Annotated[Path, typer.Option(help="Where data, logs and secrets of the development stack are.")]
DEFAULT_FOLDER = Path(".dev")
STOP_S = 120.0


@app.command()
def up(
    folder: Folder = DEFAULT_FOLDER,
    clock: Annotated[str, typer.Option(help="system, or topic: moved by `ee dev clock`")] = "system",
    scoring: Annotated[int, typer.Option(min=0, help="scoring workers")] = 1,
    services: Annotated[bool, typer.Option(help="also start the services")] = True,
) -> None:
    """Start Kafka, PostgreSQL and the services; stay until Ctrl-C or `ee dev down`."""
    with _one_at_a_time(folder), _clear_errors():
        stack = Stack(folder, tell=typer.echo, settings={"EE_CLOCK": clock})
        with stack:
            if services:
                stack.services({"scoring": scoring})
            _write_environment(folder, stack)
            typer.echo(f"ready: Kafka at {stack.backend.bootstrap}; logs in {folder / 'logs'}")
            typer.echo(f'in another terminal: eval "$(ee dev env{_named(folder)})"')
            _until_told_to_stop()
            typer.echo("stopping")


@app.command()
def down(folder: Folder = DEFAULT_FOLDER) -> None:
    """Stop what `ee dev up` started."""
    process = _supervisor(folder)
    if process is None:
        typer.echo("nothing runs")
        return
    process.send_signal(signal.SIGTERM)
    until = time.monotonic() + STOP_S
    while _supervisor(folder):
        if time.monotonic() > until:
            typer.echo(
                f"still stopping after {STOP_S:g} s: look into {folder / 'logs'}, or end {process.pid}", err=True
            )
            raise typer.Exit(1)
        time.sleep(POLL_S)
    typer.echo("stopped")


@app.command()
def status(folder: Folder = DEFAULT_FOLDER) -> None:
    """Say what runs; exit status 1 if nothing does."""
    process = _supervisor(folder)
    if process is None:
        typer.echo("nothing runs")
        raise typer.Exit(1)
    for child in process.children(recursive=False):
        with contextlib.suppress(psutil.Error):
            memory = child.memory_info().rss // 2**20
            port = child.environ().get("EE_HTTP_PORT")
            page = f"  http://127.0.0.1:{port}/metrics" if port else ""
            typer.echo(f"{_name(child.cmdline()):<12} pid {child.pid:>7}  {memory:>5} MiB{page}")


@app.command()
def env(folder: Folder = DEFAULT_FOLDER) -> None:
    """Print the settings of the running stack for a shell: eval "$(ee dev env)"."""
    if _supervisor(folder) is None:
        typer.echo("nothing runs: start it with `ee dev up`", err=True)
        raise typer.Exit(1)
    for name, value in json.loads((folder / "environment.json").read_text("utf-8")).items():
        typer.echo(f"export {name}='{value}'")


def _named(folder: Path) -> str:
    return "" if folder == DEFAULT_FOLDER else f" --folder {shlex.quote(str(folder))}"


def _name(command: list[str]) -> str:
    line = " ".join(command)
    known = {f"services.{service}": service for service in SERVICES} | {
        "kafka.Kafka": "kafka",
        "postgres": "postgresql",
    }
    return next((name for mark, name in known.items() if mark in line), "other")


def _write_environment(folder: Path, stack: Stack) -> None:
    file = folder / "environment.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(stack.environment), "utf-8")


def _supervisor(folder: Path) -> psutil.Process | None:
    try:
        pid, started = json.loads((folder / "supervisor.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return living(pid, started)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    if _supervisor(folder):
        typer.echo(f"a stack runs already in {folder}: stop it with `ee dev down`, or name another --folder", err=True)
        raise typer.Exit(1)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "supervisor.json"
    file.write_text(json.dumps([os.getpid(), psutil.Process().create_time()]), "utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except (NotReadyError, JarsUnavailableError) as error:
        typer.echo(f"could not start: {error}", err=True)
        raise typer.Exit(1) from None


def _until_told_to_stop() -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
