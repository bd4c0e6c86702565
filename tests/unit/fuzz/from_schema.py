"""Bodies made from a published JSON Schema, by somebody who knows nothing else of us: valid ones, and nearly so."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from tests.unit.fuzz.messages import Json, junk

_DATES = ("1990-02-28", "2019-06-30", "2024-12-31", "2026-01-02", "1899-12-31")
_INSTANTS = ("2026-03-01T18:34:05.120000Z", "2026-03-01T18:34:05+05:30", "2026-03-01", "2014-01-01T00:00:00Z")
_TEXTS = ("IND", "E000000001", "21231", "A1", "x" * 60, "Ünïcode", "")


def instance(random: Random, schema: Mapping[str, Any], *, wrong: float) -> Json:
    """A value of the schema; each part is replaced by junk with this chance."""
    return _Maker(random, schema.get("$defs", {}), wrong).of(schema)


class _Maker:
    def __init__(self, random: Random, defs: Mapping[str, Any], wrong: float) -> None:
        self._random, self._defs, self._wrong = random, defs, wrong

    def of(self, schema: Mapping[str, Any]) -> Json:
        """A value of this part of the schema."""
        if self._random.random() < self._wrong:
            return junk(self._random)
        if "$ref" in schema:
            return self.of(self._defs[schema["$ref"].rpartition("/")[2]])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self.of(self._random.choice(choices))
        if values := [schema["const"]] if "const" in schema else schema.get("enum"):
            return self._random.choice(values)
        make = getattr(self, f"_{schema.get('type')}", None)
        return make(schema) if make else junk(self._random)

    def _object(self, schema: Mapping[str, Any]) -> Json:
        required, inside = schema.get("required", []), schema.get("properties", {})
        return {name: self.of(one) for name, one in inside.items() if name in required or self._random.random() < 0.5}

    def _array(self, schema: Mapping[str, Any]) -> Json:
        return [self.of(schema.get("items", {})) for _ in range(self._random.randrange(4))]

    def _string(self, schema: Mapping[str, Any]) -> Json:
        texts = {"date": _DATES, "date-time": _INSTANTS}.get(schema.get("format", ""), _TEXTS)
        fitting = [text for text in texts if re.search(schema.get("pattern", ""), text)]
        return self._random.choice(fitting or list(texts))

    def _integer(self, schema: Mapping[str, Any]) -> Json:
        return self._random.randint(schema.get("minimum", 0), min(schema.get("maximum", 60), 2**63))

    def _number(self, schema: Mapping[str, Any]) -> Json:
        return round(self._random.uniform(schema.get("minimum", 0), min(schema.get("maximum", 700), 1e9)), 1)

    def _boolean(self, _: Mapping[str, Any]) -> Json:
        return self._random.random() < 0.5

    def _null(self, _: Mapping[str, Any]) -> Json:
        return None
