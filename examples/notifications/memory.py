"""What was seen already and what is still to be sent, in one SQLite file: both change in one transaction.

It holds profile numbers and unsent texts; no name, no address.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS fact (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS score (profile TEXT PRIMARY KEY, sequence INTEGER, told INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS letter (id TEXT PRIMARY KEY, profile TEXT, language TEXT, subject TEXT, text TEXT);
"""


@dataclass(frozen=True)
class Letter:
    """A text for a candidate. `id` is the same whenever it is made again from the same message."""

    id: str
    profile: str
    language: str
    subject: str
    text: str


class Memory:
    """The file of one process."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode = wal; PRAGMA synchronous = full;" + TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def is_new_fact(self, source: str, id_: str) -> bool:
        """Whether this fact was never seen; from now on it was."""
        return self._db.execute("INSERT OR IGNORE INTO fact VALUES (?, ?)", (source, id_)).rowcount == 1

    def is_new_score(self, profile: str, sequence: int) -> bool:
        """Whether this state is newer than every one seen; from now on it is the newest."""
        statement = """INSERT INTO score VALUES (?1, ?2, NULL) ON CONFLICT (profile)
                       DO UPDATE SET sequence = ?2 WHERE sequence < ?2"""
        return self._db.execute(statement, (profile, sequence)).rowcount == 1

    def told(self, profile: str, total: int) -> int | None:
        """The score that the candidate was told last; from now on it is `total`."""
        (before,) = self._db.execute("SELECT told FROM score WHERE profile = ?", (profile,)).fetchone()
        self._db.execute("UPDATE score SET told = ? WHERE profile = ?", (total, profile))
        return None if before is None else int(before)

    def keep(self, letter: Letter) -> None:
        """To be sent."""
        self._db.execute("INSERT OR REPLACE INTO letter VALUES (?, ?, ?, ?, ?)", astuple(letter))

    def unsent(self) -> list[Letter]:
        """In the order in which they were kept."""
        rows = self._db.execute("SELECT id, profile, language, subject, text FROM letter ORDER BY rowid")
        return [Letter(*row) for row in rows.fetchall()]

    def sent(self, letter: Letter) -> None:
        """Forget its text."""
        self._db.execute("DELETE FROM letter WHERE id = ?", (letter.id,))

    def forget(self, profile: str) -> None:
        """The profile was erased."""
        self._db.execute("DELETE FROM score WHERE profile = ?", (profile,))
        self._db.execute("DELETE FROM letter WHERE profile = ?", (profile,))

    def close(self) -> None:
        """Done."""
        self._db.close()
