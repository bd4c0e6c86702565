"""`ee score` and `ee rules`: the law without a broker and without a database."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer
import yaml

from shared.rules import report, sets
from shared.rules.catalogue import Language
from shared.rules.check import check_file, flat
from shared.rules.force import FIRST_DAY, REGISTRY
from shared.rules.score import BadLine, Declared, calendar, compare, read_line, result

LAST_DAY = date(2150, 12, 31)


class Format(StrEnum):
    """How results are written."""

    JSONL = "jsonl"
    TEXT = "text"


rules_app = typer.Typer(no_args_is_help=True, help="The rule sets: which hold, what they say, what changed.")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a date is expected, written YYYY-MM-DD") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise typer.BadParameter(f"Express Entry began on {FIRST_DAY}; the latest day is {LAST_DAY}")
    return day


Day = Annotated[date, typer.Option("--on", parser=_day, metavar="DATE", help="The day of evaluation (UTC).")]


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{name} can't be read: {error.strerror}") from None


def _write(found: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))


def score(
    on: Day,
    file: Annotated[str, typer.Argument(help="JSON Lines of profiles; - reads standard input.")] = "-",
    explain: Annotated[bool, typer.Option("--explain", help="A line for every point and verdict.")] = False,
    lang: Annotated[Language, typer.Option(help="The language of texts.")] = Language.EN,
    form: Annotated[Format, typer.Option("--format", help="jsonl or text.")] = Format.JSONL,
    future: Annotated[bool, typer.Option("--calendar", help="The dated future of each profile.")] = False,
    other: Annotated[
        str | None,
        typer.Option("--diff", metavar="A", help="--diff A B: why the first profiles of the files A and B differ."),
    ] = None,
) -> None:
    """Score profiles on a day: one line out for each line in, errors in place, exit status 1 if any line was bad."""
    _warn(on)
    if other is not None:
        _write_diff((other, file), on, lang, form)
        return

    def one(facts: Declared) -> dict[str, Any]:
        return calendar(facts, on, lang) if future else result(facts, on, lang, explain)

    with _opened(file) as stream:
        bad = _score_lines(stream, on, lang, form, one)
    if bad:
        raise typer.Exit(1)


def _warn(on: date) -> None:
    """Say once, beside the results, that the day's results are provisional."""
    crs = REGISTRY.in_force(on).crs
    if crs.confirmed_until is not None and on > crs.confirmed_until:
        message = (
            f"PROVISIONAL: no CRS is confirmed for {on}; scored with {crs.id}, confirmed until {crs.confirmed_until}"
        )
        typer.echo(message, err=True)


def _score_lines(
    stream: BinaryIO, on: date, lang: Language, form: Format, one: Callable[[Declared], dict[str, Any]]
) -> int:
    bad = 0
    for number, line in enumerate(stream, 1):
        try:
            found = one(read_line(line, on))
        except BadLine as error:
            bad += 1
            found = error.as_dict(number, lang)
        _write(found) if form is Format.JSONL else _print(report.text(found, lang))
    sys.stdout.flush()
    return bad


def _print(text: str) -> None:
    sys.stdout.buffer.write(text.encode() + b"\n")


def _write_diff(names: tuple[str, str], on: date, lang: Language, form: Format) -> None:
    found = []
    for name in names:
        with _opened(name) as stream:
            try:
                found.append(read_line(stream.readline(), on))
            except BadLine as error:
                _write(error.as_dict(1, lang))
                raise typer.Exit(1) from None
    shown = compare(found[0], found[1], on, lang)
    _write(shown) if form is Format.JSONL else _print(report.difference(shown, lang))


@rules_app.command("list")
def list_sets(
    on: Annotated[
        date | None, typer.Option("--on", parser=_day, metavar="DATE", help="Only those in force on this day.")
    ] = None,
) -> None:
    """The rule sets, with the days from which they hold (for profiles in the pool: from `pool`)."""
    chosen = REGISTRY.by_id if on is None else REGISTRY.in_force(on).ids
    for name in sorted(chosen):
        one = REGISTRY.by_id[name]
        days = f"from {one.effective_from}"
        days += f", pool {one.pool_from}" if one.pool_from else ""
        days += f", to {one.effective_to}" if one.effective_to else ""
        days += f", confirmed until {one.confirmed_until}" if one.confirmed_until else ""
        typer.echo(f"{name:40} {one.kind:12} {days}")


def _document(name: str) -> dict[str, Any]:
    documents = sets.documents()
    if name not in documents:
        raise typer.BadParameter(f"{name} is no rule set; ee rules list names them")
    return sets.resolve(documents[name], documents)


@rules_app.command()
def show(name: Annotated[str, typer.Argument(metavar="ID", help="The id of a rule set.")]) -> None:
    """One rule set, whole: with what it takes over from the set that it is based on."""
    typer.echo(yaml.safe_dump(_document(name), allow_unicode=True, sort_keys=False, width=110), nl=False)


@rules_app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="The id of a rule set.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The id of another.")],
) -> None:
    """What changed between two rule sets: each place, with its value in A and in B."""
    old, new = flat(_document(first)), flat(_document(second))
    for place in sorted({*old, *new}):
        if old.get(place) != new.get(place):
            typer.echo(f"{place}: {old.get(place, 'absent')} -> {new.get(place, 'absent')}")


@rules_app.command()
def check(file: Annotated[Path, typer.Argument(help="A rule set to be added, as YAML.")]) -> None:
    """Validate a rule set: its form, sums, bands, days and codes. Errors name the line."""
    try:
        errors = check_file(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} can't be read: {error}") from None
    for line, message in errors:
        typer.echo(f"{file}:{line}: {message}", err=True)
    if errors:
        raise typer.Exit(1)
    typer.echo(f"{file}: valid")
