"""What was released stays readable: a record of each message of each version, under the models of today."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.contracts.application import INPUT
from shared.contracts.generate import INPUTS, MESSAGES
from shared.contracts.types import MODELS
from tests.contract import release
from tests.contract.release import RELEASES

GOLDEN = [
    pytest.param(file, id=f"{one.name}-{file.stem}")
    for one in RELEASES
    for file in sorted((one / "messages").iterdir())
]
TOPICS = {type_: topic for topic, models in MESSAGES.items() for type_ in models}


def test_there_is_something_to_keep() -> None:
    assert GOLDEN


def test_a_release_is_kept_once_with_all_that_the_next_is_held_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "FOLDER", tmp_path)
    kept = release.keep()
    (wheel,) = kept.glob("*.whl")
    assert kept.name in wheel.name
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert {"services/intake/queries.sql", "shared/rules/data/noc_2021.csv"} <= names
    assert {file.stem for file in (kept / "messages").iterdir()} == TOPICS.keys()
    assert "shared.worker/0001_worker.pre.sql" in (kept / "migrations.txt").read_text("utf-8").split()
    with pytest.raises(SystemExit, match="is kept already"):
        release.keep()


@pytest.mark.parametrize("file", GOLDEN)
def test_a_message_of_an_earlier_release_is_read_and_nothing_of_it_is_lost(file: Path) -> None:
    body: dict[str, Any] = json.loads(file.read_text("utf-8"))["body"]
    topic = TOPICS[file.stem]
    if topic in INPUTS:
        reader: TypeAdapter[Any] = INPUT if topic == "application" else TypeAdapter(INPUTS[topic][file.stem])
        assert reader.validate_json(json.dumps(body)).profile_id == body["profile_id"]
    else:
        again = json.loads(MODELS[topic][file.stem].read(json.dumps(body).encode()).json_bytes())
        assert {name: again.get(name) for name in body} == body
