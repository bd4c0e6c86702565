"""Reading the body of an input by strangers, before any model is tried: an object of JSON, and what is its content."""

import json
from typing import Any

import orjson
from pydantic_core import from_json

from shared.worker.record import Poison


def json_object(value: bytes) -> dict[str, Any]:
    """The JSON object of a body. NaN, unpaired surrogates and nesting beyond measure are no JSON. Raises `Poison`."""
    try:
        found = from_json(value, allow_inf_nan=False)
    except ValueError:
        raise Poison("not_json") from None
    if not isinstance(found, dict):
        raise Poison("not_an_object")
    return found


def canonical(found: dict[str, Any]) -> bytes:
    """One spelling of the same content, whatever its white space and order of keys."""
    try:
        return orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a whole number beyond 64 bits, or deeper than that library goes
        return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
