"""The README from top to bottom, and what the other pages show beside it, as a reader types it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from shared.stack.processes import free_port
from tests.docs.pages import PAGES, ROOT, blocks, text
from tests.docs.test_pages import LEAVES
from tests.docs.walk import DAY, PATIENCE_S, Reader, interrupt

TWO, UP, SECOND, PUBLISH, SUBSCRIBE, WORKER, ROUND, HELD, LOOK, AUDIT, OFFLINE = blocks(text("README.md"), "sh")
LOGINS, LOGS, PRACTISE = blocks(text("docs/operating.md"), "sh")
REHEARSE, AFTERWARDS = blocks(text("docs/rounds.md"), "sh")
SECRETS, BY_HAND = (block for block in blocks(text("docs/deploying.md"), "sh") if "python" in block)
NUMBER = "E002461357"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """At the second terminal; in the first the whole system runs, with a clock that stands at the day."""
    reader = Reader(tmp_path_factory.mktemp("clone"))
    first = reader.starts(UP.replace("ee dev up", "ee dev up --clock topic"), "in another terminal")
    try:
        move, look, down = PRACTISE.splitlines()
        assert f"--to {DAY}" in move
        assert DAY in second(reader, move, look)
        yield reader
        assert "stopped" in second(reader, down)
        first.wait(PATIENCE_S)
    finally:
        code = interrupt(first)
    assert code == 0


def second(reader: Reader, *scripts: str, answers: str = "") -> str:
    """What is said in the second terminal to these lines, after those with which the page has it begin."""
    return reader.types("\n".join([SECOND, *scripts]), answers=answers)


def stays(reader: Reader, script: str, until_said: str) -> int:
    """The exit status of what stays until Ctrl-C, which comes when it has said this."""
    return interrupt(reader.starts(f"{SECOND}\nexec {script}", until_said))


def test_the_second_terminal_reaches_what_runs(reader: Reader) -> None:
    said = second(reader)
    assert all(name in said for name in ("kafka", "postgresql", "intake", "scoring", "draws", "decisions"))


def test_what_is_published_comes_scored_to_who_subscribes(reader: Reader) -> None:
    assert f"{NUMBER} version 1: partition " in second(reader, PUBLISH)
    stays(reader, SUBSCRIBE, f"scored {NUMBER} 640")


@pytest.mark.parametrize("command", [WORKER.replace("EE_HTTP_PORT=8081 ", "env EE_HTTP_PORT={} "), BY_HAND])
def test_a_worker_is_added_by_hand(reader: Reader, command: str) -> None:
    assert stays(reader, command.format(free_port()), "service_started") == 0


def test_a_round_is_rehearsed_and_explained(reader: Reader) -> None:
    for_one = ROUND.replace('"round_id": "1"', '"round_id": "436"').replace('"invitations": 10', '"invitations": 1')
    draft, approve, _ = for_one.partition("ee round approve ")
    said = second(reader, draft, REHEARSE, f"{approve} 436 --yes", "ee round wait 436", AFTERWARDS)
    assert "round 436: the same" in said
    assert '"drawNumber": "436"' in said
    assert "<svg" in (reader.folder / "curve.svg").read_text("utf-8")


def test_two_operators_hold_a_round_and_an_auditor_reads_who_did_what(reader: Reader) -> None:
    said = second(reader, ROUND, HELD, LOOK, AUDIT, answers="y\n")
    assert "round 1: the same" in said
    assert '"drawNumber": "1"' in said
    assert "nothing lost, nothing twice" in said
    entries = [json.loads(line) for line in said.splitlines() if '"action"' in line]
    done = [(one["by"], one["action"]) for one in entries if one["details"].get("round_id") == "1"]
    assert done == [("ada", "draft"), ("grace", "approve")]
    assert re.search(r"^draws:\d+:[0-9a-f]{64}$", said, re.MULTILINE)


def test_logins_are_made_listed_and_watched(reader: Reader) -> None:
    audited = 'export EE_OPERATOR_POSTGRES_DSN="$(ee operator create eve --may audit)"'
    said = second(reader, LOGINS, audited, LOGS)
    assert "ada: decisions, draws" in said
    assert '"action": "operator"' in said


def test_the_key_of_identity_is_changed_as_the_page_says(reader: Reader) -> None:
    """docs/operating.md, Keys."""
    older = "older=$EE_INTAKE_IDENTITY_KEYS; new=$(ee intake new-key)"
    login = 'export EE_OPERATOR_POSTGRES_DSN="$(ee operator create ivy --may intake)"'
    put_first = 'export EE_INTAKE_IDENTITY_KEYS="[\\"$new\\", ${older#[}"'
    drop = f'export EE_INTAKE_IDENTITY_KEYS="[\\"$new\\"]"; ee intake show {NUMBER} --identity'
    back = 'export EE_INTAKE_IDENTITY_KEYS="[${older:1:-1}, \\"$new\\"]"; ee intake rotate-identity'
    said = second(reader, older, login, put_first, "ee intake rotate-identity", drop, back)
    assert len(re.findall(r"^[1-9]\d* identities were encrypted anew", said, re.MULTILINE)) == 2
    assert "Tremblay" in said


def test_what_is_prepared_again_has_nothing_to_do(reader: Reader) -> None:
    said = second(reader, "ee migrate; ee migrate --step post; ee topics apply; ee topics rights; ee config check")
    assert said.count("nothing to do\n") == 3
    assert "intake" in said


def test_rounds_are_measured(reader: Reader) -> None:
    said = second(reader, "python -m benchmarks.invitations 20000")
    assert "0 of 8 statements on the pool scan it whole" in said


def test_profiles_are_scored_offline(reader: Reader) -> None:
    assert f'"profile_id":"{NUMBER}"' in second(reader, OFFLINE).replace('": "', '":"')


def test_the_secrets_that_compose_reads_are_made(reader: Reader) -> None:
    *made, compose = SECRETS.splitlines()
    assert compose.startswith("docker compose up")
    reader.types("\n".join(made))
    wanted = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["secrets"]
    assert {one["file"] for one in wanted.values()} == {
        f"./secrets/{file.name}" for file in (reader.folder / "secrets").iterdir()
    }
    (key,) = json.loads((reader.folder / "secrets" / "ee_intake_identity_keys").read_text("utf-8"))
    assert len(key) == 44


def test_the_demo_ends_well_and_writes_its_report(reader: Reader) -> None:
    said = reader.types(f"{SECOND.splitlines()[0]}\nee demo --scale 0.01")
    assert "nothing lost, nothing twice" in said
    assert (reader.folder / "demo-report.html").read_text("utf-8").startswith("<!doctype html>")


WALKED = {UP, SECOND, PUBLISH, SUBSCRIBE, WORKER, ROUND, HELD, LOOK, AUDIT, OFFLINE, LOGINS, LOGS, PRACTISE}
WALKED |= {REHEARSE, AFTERWARDS, SECRETS, BY_HAND}
ELSEWHERE = {"docs/publishing.md": "tests/docs/test_examples.py", "docs/subscribing.md": "tests/docs/test_examples.py"}
"""Pages of which another test takes every block, by what it begins with."""
NOT_RUN = {
    "make": "`make test` runs this; `make demo` runs `ee demo`, as the last test here does",
    "docker compose": "needs Docker: tests/unit/stack/test_compose.py looks at what it would start",
    "kubectl": "needs a cluster: tests/unit/deploy looks at what it would apply",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_for_a_shell_is_run_by_a_test_or_needs_what_is_not_here(page: Path) -> None:
    name = str(page.relative_to(ROOT))
    for block in blocks(text(name), "sh"):
        if block in WALKED:
            continue
        if name in ELSEWHERE:
            program = block.split()[0]
            assert f'shown("{name}", "{program}' in text(ELSEWHERE[name]) or program in ("java", "python"), block
            continue
        for line in block.splitlines():
            assert any(needs in line for needs in NOT_RUN), line


def in_tests(words: tuple[str, ...]) -> bool:
    """Whether a test calls the command line with these words: one after the other in quotes, or by a name that says the
    first (`ee_dlq("show"`, `anna.types("list")` for rounds and the pool); or a page that is walked here shows them.
    """
    quoted = r",\s*".join(f'"{word}"' for word in words)
    first, last = words[0].replace("-", "_"), words[-1]
    called = rf'\bee_{first}\(\s*"{last}"|\bee_{"_".join(words)}\('
    typed = rf'\.(?:types|answers)\((?:"\w*", )?"{last}"' if first in ("round", "pool") else called
    walked = rf"\bee {' '.join(words)}\b"
    return bool(re.search(f"{quoted}|{called}|{typed}", SOURCES) or re.search(walked, "\n".join([*WALKED, SELF])))


SELF = Path(__file__).read_text("utf-8").partition("WALKED = ")[0]
SOURCES = "\n".join(
    file.read_text("utf-8") for file in sorted((ROOT / "tests").rglob("test_*.py")) if file.name != Path(__file__).name
)


@pytest.mark.parametrize("leaf", LEAVES, ids=" ".join)
def test_every_command_is_run_by_a_test(leaf: tuple[str, ...]) -> None:
    assert in_tests(leaf[1:])


def test_a_command_that_no_test_runs_is_missed() -> None:
    assert not in_tests(("dev", "explode"))
    assert not in_tests(("round", "explode"))
