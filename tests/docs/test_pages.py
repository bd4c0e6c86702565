"""What the pages say exists: commands, files, tests, topics, metrics, settings; and their examples are valid."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from jsonschema import Draft202012Validator

from services.cli import app
from shared.contracts.generate import MESSAGES, schema
from shared.contracts.rounds import Instruction
from shared.contracts.submission import SUBMITTED, Submission
from shared.kafka.topics import OPERATOR, SERVICES, TOPICS
from shared.ops import metrics
from tests.docs import settings_table
from tests.docs.pages import PAGES, blocks, commands, text

EXAMPLES = {"publish.py": ("docs/publishing.md", 0), "subscribe.py": ("docs/subscribing.md", 1)}


@pytest.mark.parametrize(("name", "guide", "place"), [(name, *where) for name, where in EXAMPLES.items()])
def test_the_code_of_the_readme_and_of_the_guide_is_that_of_the_example_and_short(
    name: str, guide: str, place: int
) -> None:
    code = text(f"examples/{name}").partition('"""\n\n')[2]
    assert blocks(text("README.md"), "python")[place] == code
    assert blocks(text(guide), "python") == [code]
    assert len([line for line in code.splitlines() if line.strip()]) <= 15


@pytest.mark.parametrize(("guide", "name"), [("publishing", "Publish"), ("subscribing", "Subscribe")])
def test_the_code_in_java_of_a_guide_is_that_of_the_example(guide: str, name: str) -> None:
    assert blocks(text(f"docs/{guide}.md"), "java") == [text(f"examples/java/{name}.java")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_shown_exists_with_its_options(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while hasattr(command, "commands"):
        if not rest or rest[0] == "...":
            return
        assert rest[0] in command.commands, f"{' '.join(words)}: no command {rest[0]}"
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_commands_were_found() -> None:
    assert ["ee", "reconcile"] in commands()


def every_command(found: Any, words: tuple[str, ...] = ("ee",)) -> Iterator[tuple[str, ...]]:
    """Every command of the command line by its words, without the groups."""
    if not hasattr(found, "commands"):
        yield words
        return
    for name, below in found.commands.items():
        yield from every_command(below, (*words, name))


LEAVES = list(every_command(typer.main.get_command(app)))


@pytest.mark.parametrize("leaf", LEAVES, ids=" ".join)
def test_every_command_is_on_a_page(leaf: tuple[str, ...]) -> None:
    assert any(tuple(words[: len(leaf)]) == leaf for words in commands())


@pytest.mark.parametrize("leaf", LEAVES, ids=" ".join)
def test_the_tables_of_operators_say_of_every_command_what_it_needs(leaf: tuple[str, ...]) -> None:
    section = text("docs/operating.md").partition("\n## Operators\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| ((?:every other )?`ee .*?) \|", section, re.MULTILINE)
    named = [tuple(one.split()) for cell in cells for one in re.findall(r"`(.+?)`", cell)]
    assert leaf in {one[: len(leaf)] for one in named} or (*leaf[:2], "...") in named


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    everything = "\n".join(page.read_text("utf-8") for page in PAGES)
    shown = set(re.findall(r"(?:^|`)make ([a-z]+)", everything, re.MULTILINE))
    assert {"demo", "test"} <= shown <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_test_that_proves_a_promise_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text("docs/architecture.md"))
    assert named
    for file, test in named:
        assert f"def {test}(" in text(file), test


def test_the_table_of_topics_is_the_one_that_is_applied() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*?) \|", text("docs/messages.md"), re.MULTILINE)
    assert {name for name, *_ in rows} == MESSAGES.keys()
    for name, kind, types, writers, readers in rows:
        spec = TOPICS[name]
        assert kind == spec.kind
        assert set(re.findall(r"`(.+?)`", types)) == MESSAGES[name].keys()
        assert _people(readers) == set(spec.readers) - {OPERATOR}
        assert _people(writers) == set(spec.writers) - {OPERATOR}


def _people(cell: str) -> set[str]:
    if cell == "every service":
        return set(SERVICES)
    names = {"upstreams": "upstream", "subscribers": "subscriber", "who instructs": "instructor"}
    others = {"development only"}  # they write as the operator's principal
    return {names.get(name, name) for name in cell.split(", ")} - others


def test_every_metric_named_is_one_of_ours() -> None:
    ours = {getattr(one, "_name", "") for one in vars(metrics).values()}
    for named in re.findall(r"`(ee_\w+)`", text("docs/operating.md")):
        if "postgres" not in named and named.removesuffix("_keys") == named:
            assert named.removesuffix("_total") in ours, named


def test_the_settings_are_those_of_the_classes() -> None:
    page = text("docs/deploying.md")
    assert settings_table.page(page) == page, "run: python -m tests.docs.settings_table"


def test_every_setting_says_what_it_is() -> None:
    empty = [row for row in settings_table.table().splitlines() if row.split("|")[3].strip() in {"", "secret"}]
    assert empty == []


def test_every_setting_named_on_a_page_exists() -> None:
    known = set(re.findall(r"^\| `(EE_\w+)`", settings_table.table(), re.MULTILINE))
    beside = {"EE_SECRETS_DIR", "EE_STACK"}
    for page in PAGES:
        assert set(re.findall(r"\bEE_[A-Z_]+\b(?!<)", page.read_text("utf-8"))) - known - beside - {"EE_"} == set(), (
            page
        )


def test_the_secrets_that_the_page_makes_are_those_that_compose_reads(tmp_path: Path) -> None:
    script = blocks(text("docs/deploying.md"), "sh")[0].replace("docker compose up --build", "")
    ee = tmp_path / ".venv" / "bin" / "ee"
    ee.parent.mkdir(parents=True)
    ee.symlink_to(Path(sys.executable).parent / "ee")
    subprocess.run(["/bin/sh", "-euc", script], cwd=tmp_path, check=True)
    made = {file.name: file.read_text("utf-8") for file in (tmp_path / "secrets").iterdir()}
    assert made.keys() == yaml.safe_load(text("docker-compose.yml"))["secrets"].keys()
    assert all(made.values())
    assert json.loads(made["ee_intake_identity_keys"])


def test_the_example_profiles_are_valid() -> None:
    bodies = [text("examples/profile.json"), *text("examples/profiles.jsonl").splitlines()]
    for body in bodies:
        Draft202012Validator(schema(Submission, SUBMITTED)).validate(json.loads(body))
        Submission.model_validate_json(body)
    assert json.loads(bodies[0]) == json.loads(bodies[1])


def test_the_instruction_of_the_readme_is_valid() -> None:
    echoed = re.search(r"echo '(\{.*?\})'", text("README.md"), re.DOTALL)
    assert echoed is not None
    written = echoed.group(1).replace("'$now'", "2026-11-02T12:00:00Z").replace("'$today'", "2026-11-02")
    assert Instruction.model_validate_json(written).invitations == 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_code_are_in_a_language_that_is_checked(page: Path) -> None:
    languages = set(re.findall(r"^```(\w+)$", page.read_text("utf-8"), re.MULTILINE))
    assert languages <= {"sh", "python", "java", "mermaid", "sql"}
