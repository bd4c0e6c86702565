"""`ee dlq list|show|replay|dismiss`: dead letters, and what an operator does about them under their own login."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from aiokafka.errors import KafkaError

from shared.audit.record import record
from shared.db.operator_cli import refusal, stop
from shared.db.operators import session
from shared.kafka.reader import Raw
from shared.kafka.settings import KafkaSettings
from shared.worker.clock_cli import instant
from shared.worker.dead_letters import taken_apart
from shared.worker.letters import Letter, Selection, find, printable, records
from shared.worker.orders import carried_out, order, replayed
from shared.worker.replay import destination, replay, why_not
from shared.worker.step import Connection

app = typer.Typer(no_args_is_help=True, help="Dead letters: what a service could not process.")
_Result = TypeVar("_Result")

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="SERVICE/TOPIC/PARTITION/OFFSET")]
Topic = Annotated[str | None, typer.Option(help="The topic that they came from.")]
Service = Annotated[str | None, typer.Option(help="The service that failed.")]
Reason = Annotated[str | None, typer.Option("--code", help="The reason code.")]
Source = Annotated[str | None, typer.Option(help="The ce_source: who published it.")]
Key = Annotated[str | None, typer.Option(help="The key, for most topics the profile number.")]
Since = Annotated[str | None, typer.Option(help="Dead since this instant, UTC: 2026-08-17 or 2026-08-17T15:00:00Z.")]
Until = Annotated[str | None, typer.Option(help="Dead before this instant.")]
State = Annotated[str | None, typer.Option(help="open or settled: its entry in `held`; inputs have none.")]
Everything = Annotated[bool, typer.Option("--all", help="Every one: needed where nothing else is said.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the record.")]


@app.command("list")
def list_letters(
    names: Names = None,
    *,
    topic: Topic = None,
    service: Service = None,
    code: Reason = None,
    source: Source = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    state: State = None,
) -> None:
    """List dead letters, the oldest first: name, reason, attempt, instant, key, source, state."""
    selection = _selection(names, topic, service, code, source, key, since, until, state)
    letters = _run(find(KafkaSettings(), selection))
    for letter in letters:
        typer.echo(_line(letter))
    typer.echo(f"{len(letters)} dead letters")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="SERVICE/TOPIC/PARTITION/OFFSET")],
    *,
    personal_data: Annotated[bool, typer.Option("--personal-data", help="Also the value: it may hold any.")] = False,
) -> None:
    """Show one dead letter: origin, reason, the names of its headers; its value only if asked for.

    Who asks for the value does so under their own login (EE_OPERATOR_POSTGRES_DSN), and it is recorded.
    """
    for line in _run(_show(name, personal_data)):
        typer.echo(line)


@app.command("replay")
def replay_letters(
    names: Names = None,
    *,
    reason: Why,
    topic: Topic = None,
    service: Service = None,
    code: Reason = None,
    source: Source = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    everything: Everything = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was settled or replayed already.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, help="Records a second at most.")] = 100.0,
    dry_run: DryRun = False,
) -> None:
    """Replay: an input goes back to its topic, a record of ours to the service that failed, each untouched."""
    selection = _selection(names, topic, service, code, source, key, since, until, None)
    _needs_a_choice(selection, everything)
    sent = _run(_replay(selection, reason, again=again, rate=rate, dry_run=dry_run))
    typer.echo(f"{sent} dead letters {'would be ' if dry_run else ''}replayed")


@app.command()
def dismiss(
    names: Names = None,
    *,
    reason: Why,
    topic: Topic = None,
    service: Service = None,
    code: Reason = None,
    source: Source = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    everything: Everything = False,
    timeout: Annotated[float, typer.Option(min=0, help="How long to wait for the service, seconds.")] = 30.0,
    dry_run: DryRun = False,
) -> None:
    """Give records of ours up: their open entries in `held` are settled, and no round waits for them any more."""
    selection = _selection(names, topic, service, code, source, key, since, until, "open")
    _needs_a_choice(selection, everything)
    done = _run(_dismiss(selection, reason, timeout, dry_run=dry_run))
    typer.echo(f"{done} dead letters {'would be ' if dry_run else ''}dismissed")


def _line(letter: Letter) -> str:
    at = letter.at.isoformat(timespec="seconds")
    words = (letter.name, letter.reason, f"attempt {letter.attempt}", at, letter.shown_key, letter.source or "-")
    return "  ".join((*words, letter.state or "input"))


async def _show(name: str, personal_data: bool) -> list[str]:
    kafka = KafkaSettings()
    lines: list[str] = []
    found = await find(kafka, Selection(names=[name]))
    if found and personal_data:
        async with _operator(found[0].service) as operator:
            await record(operator, "dead_letter_shown", name=name)
    async for letter, raw in records(kafka, found):
        lines += [_line(letter), f"detail: {letter.detail or '-'}", f"would be replayed to: {destination(letter)}"]
        lines += [f"not whole: {letter.cut}"] if letter.cut else []
        lines += [*_headers(raw), f"value: {letter.size} bytes", *(_value(raw) if personal_data else ())]
    return lines or stop(f"there is no dead letter {name}: see `ee dlq list`; they are kept for 30 days")


def _headers(raw: Raw) -> Iterable[str]:
    for name, value in taken_apart(tuple(raw.headers))[0]:
        said = printable(value or b"") if name.startswith("ce_") else f"{len(value or b'')} bytes"
        yield f"header {printable(name.encode())}: {said}"


def _value(raw: Raw) -> Iterable[str]:
    if raw.value is not None:
        yield raw.value.decode(errors="backslashreplace")


async def _replay(selection: Selection, reason: str, *, again: bool, rate: float, dry_run: bool) -> int:
    kafka, sent = KafkaSettings(), 0
    for service, letters in _by_service(await find(kafka, selection)):
        async with _operator(service) as operator:
            able = _able(letters) if again else await _not_yet(operator, _able(letters))
            for letter in able:
                typer.echo(f"{letter.name} -> {destination(letter)}")

            async def recorded(some: Sequence[Letter], operator: Connection = operator) -> None:
                await order(operator, "replay", some, reason)

            sent += len(able) if dry_run or not able else await replay(kafka, able, rate, recorded)
    return sent


def _able(letters: Iterable[Letter]) -> list[Letter]:
    able = []
    for letter in letters:
        if why := why_not(letter):
            typer.echo(f"{letter.name}: {why}", err=True)
        else:
            able.append(letter)
    return able


async def _not_yet(operator: Connection, letters: list[Letter]) -> list[Letter]:
    """Without what is settled, and without inputs that were given back: their topic has them again."""
    inputs = [letter for letter in letters if letter.is_input]
    done = await replayed(operator, inputs) if inputs else set()
    return [
        letter
        for letter in letters
        if ((letter.origin, letter.attempt) not in done if letter.is_input else letter.state != "settled")
    ]


async def _dismiss(selection: Selection, reason: str, patience_s: float, *, dry_run: bool) -> int:
    found = await find(KafkaSettings(), selection)
    for letter in found:
        typer.echo(letter.name)
    done = 0
    for service, letters in [] if dry_run else _by_service(found):
        async with _operator(service) as operator:
            orders = await order(operator, "dismiss", letters, reason)
            outcomes = await carried_out(operator, orders, patience_s)
        if len(outcomes) < len(orders):
            stop(f"the orders are stored, but {service} has not yet carried them out: is it running?")
        done += sum(outcomes.values())
    return len(found) if dry_run else done


def _by_service(letters: Iterable[Letter]) -> list[tuple[str, list[Letter]]]:
    ordered = sorted(letters, key=lambda letter: letter.service)
    return [(service, list(group)) for service, group in groupby(ordered, key=lambda letter: letter.service)]


def _selection(*words: Any) -> Selection:
    names, topic, service, code, source, key, *instants, state = words
    since, until = (text and instant(text) for text in instants)
    return Selection(names or (), topic, service, code, source, key, state, since, until)


def _needs_a_choice(selection: Selection, everything: bool) -> None:
    if not everything and selection in (Selection(), Selection(state="open")):
        raise typer.BadParameter("name dead letters, or say which by an option; --all means every one")


@asynccontextmanager
async def _operator(service: str) -> AsyncIterator[Connection]:
    """The operator's session in a service. Raises `ValueError` where the database refuses it."""
    try:
        async with session(service) as connection:
            yield connection
    except (asyncpg.PostgresError, OSError) as error:
        raise ValueError(refusal(error, service, service)) from None


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    try:
        return asyncio.run(work)
    except ValueError as error:
        stop(str(error))
    except KafkaError as error:
        stop(f"Kafka refuses or does not answer ({type(error).__name__}): look at EE_KAFKA_...")
