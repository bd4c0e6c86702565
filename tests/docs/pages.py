"""The pages that people read, and what can be taken out of them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def text(name: str) -> str:
    """A page by its path from the root."""
    return (ROOT / name).read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Every `ee ...` that the pages show, in a shell block or between backticks, without its redirections."""
    found = []
    for page in PAGES:
        shown = page.read_text("utf-8")
        lines = [line for block in blocks(shown, "sh") for line in block.splitlines()]
        lines += re.findall(r"`(ee [^`]+)`", re.sub(r"```.*?```", "", shown, flags=re.DOTALL))
        for line in lines:
            found += re.findall(r"(?:^|[|(\s/])(ee [a-z][^|#)\"]*)", line)
    return [command.split() for command in found]
