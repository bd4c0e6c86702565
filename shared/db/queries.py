"""Named statements from the `queries.sql` of a package: SQL stays SQL, reviewable, countable and lintable."""

import re
from importlib.resources import files
from types import SimpleNamespace

_HEAD = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\n-- (?P<says>.+)$", re.MULTILINE)


class Queries(SimpleNamespace):
    """The statements as attributes. An unknown name raises `AttributeError` with the package's name."""

    package: str

    def __getattr__(self, name: str) -> str:
        raise AttributeError(f"queries.sql of {self.__dict__['package']} has no statement named {name}")


def load(package: str) -> Queries:
    """Read `queries.sql` of a package. Raises `ValueError` for a doubled name or a statement without its one line."""
    return parse(package, files(package).joinpath("queries.sql").read_text("utf-8"))


def parse(package: str, text: str) -> Queries:
    """The statements of a file: `-- name: x`, a line that says what it does, the statement."""
    heads = list(_HEAD.finditer(text))
    if len(heads) != text.count("-- name:"):
        raise ValueError(f"queries.sql of {package}: each `-- name:` needs a line below it that says what it does")
    found: dict[str, str] = {}
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        if head["name"] in found:
            raise ValueError(f"queries.sql of {package} names {head['name']} twice")
        found[head["name"]] = text[head.end() : following.start() if following else None].strip().rstrip(";")
    return Queries(package=package, **found)
