"""bin/run: all of Tiffin in one terminal, from an empty folder to orders coming in."""

import os
import secrets
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import django
import environ
import psycopg
import redis
from django.core.management import call_command
from django.db import connections

from config import embedded
from config.outside_world.starting import outside_world
from config.processes import (
    WIDTH,
    Process,
    StartError,
    raise_on_signals,
    stop_all,
    terminal_log,
    wait_until,
)

ROOT = Path(__file__).resolve().parent.parent
# Whoever sets one of these has somebody to send messages through.
ACCOUNTS = ("FCM_", "APNS_", "WEB_PUSH_", "TWILIO_", "SMPP_", "EMAIL_URL")
WEB_SECONDS = 60
RESTARTS, RESTART_SECONDS = 5, 60


def main() -> int:
    """Run until Ctrl-C or SIGTERM; answer 2 when something must be mended first."""
    raise_on_signals()
    try:
        with ExitStack() as stack:
            _run(stack)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        say("Stopped. The data is kept.")
    return 0


def say(line: str) -> None:
    terminal_log("tiffin", line)


def _run(stack: ExitStack) -> None:
    host, port = address()
    streams_port = free_port_after(host, port)
    check_services()
    data = Path(os.environ.setdefault("DATA_DIR", str(ROOT / "var"))).resolve()
    stack.enter_context(embedded.only_user_of(data))
    stack.enter_context(embedded.services(data, terminal_log))
    _prepare_environment(data, host, port, streams_port)
    page = _play_providers(stack, data)
    stack.enter_context(_told_to_commands(data / "environment"))
    _prepare_database()
    site = Site(host, port, streams_port, data)
    stack.callback(site.stop)
    stack.callback(say, "Stopping.")
    site.start()
    say("")
    for line in _welcome(os.environ["SITE_URL"], page):
        say(line)
    site.watch()


def address() -> tuple[str, int]:
    """Where to listen, from HOST and PORT; raises `StartError` unless it is free."""
    host, number = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    if not number.isdecimal() or not 0 < int(number) < 65_536:  # noqa: PLR2004
        raise StartError(f"PORT must be a number from 1 to 65535, not {number!r}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(number)))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StartError(
                f"Cannot listen on {host}:{number} ({reason}): choose another port, as "
                "in PORT=8001 bin/run."
            ) from error
    return host, int(number)


def free_port_after(host: str, port: int) -> int:
    """Return the next port for the streams, or any free one where that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in (port + 1, 0):
        with socket.socket(family) as probe, suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, number))
            return int(probe.getsockname()[1])
    raise StartError(f"There is no free port on {host}.")


def check_services() -> None:
    """Try DATABASE_URL and REDIS_URL where set; raises `StartError` for what fails."""
    if "DATABASE_URL" in os.environ:
        _check_database(os.environ["DATABASE_URL"])
    if "REDIS_URL" in os.environ:
        _check_redis(os.environ["REDIS_URL"])


def _check_database(url: str) -> None:
    must = "DATABASE_URL must look like postgres://user:password@host:5432/name."
    try:
        if urlsplit(url).scheme not in {"postgres", "postgresql"}:
            raise StartError(must)
        settings = environ.Env.db_url_config(url)
    except ValueError as error:
        raise StartError(must) from error
    try:
        psycopg.connect(
            host=settings["HOST"] or None,
            port=settings["PORT"] or None,
            user=settings["USER"] or None,
            password=settings["PASSWORD"] or None,
            dbname=settings["NAME"] or None,
            connect_timeout=5,
        ).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise StartError(
            f"DATABASE_URL does not answer ({reason}): mend it, or unset it to use the "
            "embedded PostgreSQL."
        ) from error


def _check_redis(url: str) -> None:
    try:
        redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5).ping()
    except ValueError as error:
        raise StartError("REDIS_URL must look like redis://host:6379/0.") from error
    except redis.RedisError as error:
        raise StartError(
            f"REDIS_URL does not answer ({error}): mend it, or unset it to use the "
            "embedded Redis."
        ) from error


def _prepare_environment(data: Path, host: str, port: int, streams_port: int) -> None:
    """Set what production must give and a trial need not."""
    name = f"[{host}]" if ":" in host else host
    defaults = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SITE_URL": f"http://{name}:{port}",
        "SECURE_COOKIES": "false",
        "STATIC_FROM_SOURCE": "true",
    }
    if "SECRET_KEY" not in os.environ:
        defaults["SECRET_KEY"] = _kept_secret(data / "secret-key")
    # Of a site behind a proxy, the streams are there as well.
    if "SITE_URL" not in os.environ:
        defaults["STREAMS_URL"] = f"http://{name}:{streams_port}"
    for variable, value in defaults.items():
        os.environ.setdefault(variable, value)


def _play_providers(stack: ExitStack, data: Path) -> str:
    """Play the providers, unless there is an account with one; return their page."""
    if any(name.startswith(ACCOUNTS) for name in os.environ):
        return ""
    world = stack.enter_context(
        outside_world(data, ledger=data / "sent-messages.jsonl")
    )
    os.environ.update(world.environ())
    return world.http_plain


@contextmanager
def _told_to_commands(path: Path) -> Iterator[None]:
    """Leave word for manage.py while this runs of what it runs with."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    names = ("DATABASE_URL", "REDIS_URL", "SITE_URL", "SECRET_KEY", "SECURE_COOKIES")
    path.write_text("".join(f"{name}='{os.environ[name]}'\n" for name in names))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50), encoding="ascii")
    return path.read_text(encoding="ascii")


def _prepare_database() -> None:
    django.setup()
    say("Bringing the database up to date.")
    words = StringIO()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("load_demo_city", if_empty=True, stdout=words)
    call_command("refresh_open_spans", stdout=words)
    call_command("refresh_search", if_empty=True, stdout=words)
    connections.close_all()
    for line in words.getvalue().splitlines():
        say(line)


def _welcome(url: str, page: str) -> list[str]:
    outbox = f"  messages  go nowhere; look at them at {page}/"
    return [
        f"Open {url}",
        f"  customer  customer@tiffin.example  {url}/account/sign-in/",
        f"  owner     owner@tiffin.example     {url}/owner/ (or manager@, staff@)",
        f"  operator  operator@tiffin.example  {url}/admin/",
        "  password  tiffin-demo-2026 (the demo city's; yours if you changed it)",
        *([outbox] if page else []),
        "Ctrl-C stops everything and keeps the data.",
    ]


@dataclass
class Site:
    """The web servers, the workers and beat; what dies is started again."""

    host: str
    port: int
    streams_port: int
    data: Path
    processes: list[Process] = field(default_factory=list)
    restarts: deque[float] = field(default_factory=deque)

    def start(self) -> None:
        """Start the web server, wait until it answers, and then the rest."""
        web = self._process("web", *self._web_command())
        web.start()
        if not wait_until(self._answers, web, WEB_SECONDS):
            raise StartError("The web server did not start: see its lines above.")
        self._process("streams", *self._streams_command()).start()
        for process in self._workers():
            process.start()

    def stop(self) -> None:
        stop_all(self.processes)

    def watch(self) -> None:
        """Start again what ends by itself; raises `StartError` if that keeps up."""
        while True:
            time.sleep(0.3)
            for process in self.processes:
                if not process.is_running():
                    self._restart(process)

    def _restart(self, process: Process) -> None:
        now = time.monotonic()
        while self.restarts and self.restarts[0] < now - RESTART_SECONDS:
            self.restarts.popleft()
        if len(self.restarts) >= RESTARTS:
            raise StartError(f"{process.name} keeps ending: see its lines above.")
        self.restarts.append(now)
        assert process.child is not None
        how = _how(process.child.returncode)
        say(f"{process.name} ended ({how}); starting it again.")
        process.kill()
        process.start()

    def _process(self, name: str, *argv: str) -> Process:
        assert len(name) <= WIDTH
        process = Process(name, [sys.executable, *argv], terminal_log)
        self.processes.append(process)
        return process

    def _celery(self, name: str, command: str, *options: str) -> Process:
        process = self._process(name, *_celery(command), *options)
        # A worker asked to stop while its broker goes away as well waits for the
        # broker for ever. Nothing is lost: what it held is leased, and told again.
        process.orphan_signal = signal.SIGKILL
        return process

    def _web_command(self) -> list[str]:
        return [
            *("-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
            *("--host", self.host, "--port", str(self.port), "--workers", "2"),
            *("--blocking-threads", "4", "--respawn-failed-workers"),
            *("--workers-kill-timeout", "5", "--log-level", "warning"),
        ]

    def _streams_command(self) -> list[str]:
        return [
            *("-m", "granian", "--interface", "asgi", "config.asgi:application"),
            *("--host", self.host, "--port", str(self.streams_port), "--workers", "1"),
            *("--backlog", "4096", "--backpressure", "20000", "--no-ws"),
            *("--respawn-failed-workers", "--workers-kill-timeout", "5"),
            *("--log-level", "warning"),
        ]

    def _workers(self) -> list[Process]:
        from notifications.lanes import list_lanes  # noqa: PLC0415 (needs the models)

        return [
            *(self._worker(lane, f"notifications.{lane}") for lane in list_lanes()),
            self._worker("tasks", "celery"),
            self._celery("beat", "beat", *self._beat_options()),
        ]

    def _worker(self, name: str, queue: str) -> Process:
        return self._celery(
            name[:WIDTH],
            "worker",
            *("--queues", queue, "--hostname", f"{name}@tiffin", "--concurrency", "1"),
            *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
        )

    def _beat_options(self) -> list[str]:
        schedule = self.data / "beat-schedule"
        return ["--schedule", str(schedule), "--pidfile=", "--loglevel", "WARNING"]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(
                (_reachable(self.host), self.port), 5
            ) as line:
                name = urlsplit(os.environ["SITE_URL"]).netloc
                line.sendall(f"GET /healthz HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
                return line.recv(5) == b"HTTP/"
        except OSError:
            return False


def _celery(command: str) -> tuple[str, ...]:
    # Celery warns that root may run pickled code; only JSON is accepted here.
    quiet = ("-W", "ignore::UserWarning:celery.platforms")
    return (*quiet, "-m", "celery", "--app", "config", "--quiet", command)


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"by {signal.Signals(-returncode).name}"
    return f"with exit code {returncode}"


if __name__ == "__main__":
    sys.exit(main())
