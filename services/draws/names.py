"""What rounds and groupings are called, in both languages."""

from datetime import date

from services.draws.instruction import category_in_force
from shared.contracts.rounds import Instruction
from shared.rules.catalogue import text
from shared.rules.periods import utc_day


def round_name(instruction: Instruction, lang: str) -> str:
    """As the table of rounds names it: General, the program, or the category with its version."""
    if instruction.kind == "general":
        return text("round.general", lang)
    if instruction.kind == "program":
        return text(f"name.{instruction.program}", lang)
    return category_name(str(instruction.category), utc_day(instruction.instant), lang)


def category_name(key: str, day: date, lang: str) -> str:
    """A category with its version of a day; its key where none is in force."""
    found = category_in_force(key, day)
    if found is None:
        return key
    year, _, version = found.version.partition("-V")
    name = found.name.fr if lang == "fr" else found.name.en
    return f"{name}, {year}-Version {version}"
