"""One system for all tests of faults: each leaves it whole, or the next one says so."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.stack.stack import Stack
from tests.faults.load import NOW
from tests.faults.rig import Rig, own_stack


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_stack(tmp_path_factory.mktemp("faults")) as stack:
        yield stack


@pytest.fixture(scope="package")
async def system(servers: Stack) -> AsyncIterator[Rig]:
    async with Rig(servers, NOW) as made:
        made.scale(intake=1, scoring=1, draws=1, decisions=1)
        yield made
