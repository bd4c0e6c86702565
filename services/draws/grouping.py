"""The groupings of a profile as the pool keeps them, the one that a round ranks, the program of an invitation."""

from collections.abc import Mapping, Set
from typing import cast

from shared.contracts.rounds import Instruction, Program
from shared.contracts.scored import Eligible
from shared.rules.groupings import GENERAL, NAMED_IN_ORDER, NOMINEES, groupings, of_category


def groupings_of(eligible: Eligible) -> frozenset[str]:
    """The groupings of a profile, by key."""
    met = {name for name, verdict in eligible.programs.items() if verdict.met}
    return groupings(met, eligible.nominee, (key for key, verdict in eligible.categories.items() if verdict.eligible))


def grouping_of(instruction: Instruction) -> str:
    """The key of the grouping that a round ranks."""
    if instruction.kind == "program":
        return str(instruction.program)
    return GENERAL if instruction.kind == "general" else of_category(str(instruction.category))


def program_named(among: Set[str], program: str | None) -> Program:
    """The program that an invitation names: PNP for a nominee, else the first one met that fits the round.

    `program`: the round's own, None where it may be any.
    """
    if NOMINEES in among:
        return "PNP"
    fitting = (program,) if program else NAMED_IN_ORDER
    return cast("Program", next(name for name in fitting if name in among))


def mask_of(keys: Set[str], bits: Mapping[str, int]) -> int:
    """The groupings as `pool.groupings` holds them."""
    return sum(1 << bits[key] for key in keys)


def groupings_in(mask: int, bits: Mapping[str, int]) -> frozenset[str]:
    """The keys behind a mask."""
    return frozenset(key for key, bit in bits.items() if mask >> bit & 1)
