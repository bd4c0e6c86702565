"""Who belongs to which grouping of a round (A10.3(1)(h.1)), and the program that an invitation names."""

from collections.abc import Mapping, Set

from shared.contracts.rounds import Instruction, Program
from shared.contracts.scored import Eligible

GENERAL = "general"
NOMINEES: Program = "PNP"
NAMED_IN_ORDER: tuple[Program, ...] = ("CEC", "FSW", "FST")
"""Without a nomination the first of these that is met and fits the round is named (A10.3(1)(j.1), practice)."""

_CATEGORY = "category:"


def groupings_of(eligible: Eligible) -> frozenset[str]:
    """The groupings of a profile, by key.

    The holder of a nomination in force can be invited only in the class PNP (A10.1(1.1)): general and PNP rounds, no
    other. Who meets no program is in no grouping.
    """
    met = {name for name, verdict in eligible.programs.items() if verdict.met}
    if eligible.nominee:
        return frozenset({GENERAL, NOMINEES} if NOMINEES in met else ())
    programs = met & set(NAMED_IN_ORDER)
    if not programs:
        return frozenset()
    categories = {_CATEGORY + key for key, verdict in eligible.categories.items() if verdict.eligible}
    return frozenset({GENERAL} | programs | categories)


def grouping_of(instruction: Instruction) -> str:
    """The key of the grouping that a round ranks."""
    if instruction.kind == "program":
        return str(instruction.program)
    return GENERAL if instruction.kind == "general" else _CATEGORY + str(instruction.category)


def program_named(groupings: Set[str], instruction: Instruction) -> Program:
    """The program that the invitation names: PNP for a nominee, else the first one met that fits the round."""
    if NOMINEES in groupings:
        return NOMINEES
    fitting = (instruction.program,) if instruction.program else NAMED_IN_ORDER
    return next(program for program in fitting if program in groupings)


def mask_of(groupings: Set[str], bits: Mapping[str, int]) -> int:
    """The groupings as `pool.groupings` holds them."""
    return sum(1 << bits[key] for key in groupings)


def groupings_in(mask: int, bits: Mapping[str, int]) -> frozenset[str]:
    """The keys behind a mask."""
    return frozenset(key for key, bit in bits.items() if mask >> bit & 1)
