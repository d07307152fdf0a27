"""bin/test: the whole suite on services of its own; arguments go to pytest."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config import embedded
from config.processes import StartError, raise_on_signals

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NODE = ("node", "npm")


def main(arguments: Sequence[str]) -> int:
    raise_on_signals()
    try:
        see_to_browser()
        see_to_node()
        see_to_curl()
        is_own = "DATABASE_URL" not in os.environ
        with own_services("test"):
            if is_own:
                migrate_template()
            return _pytest(arguments)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


@contextmanager
def own_services(name: str) -> Iterator[None]:
    """Start fresh services under var/NAME, as quick as they are forgetful.

    A cluster of an earlier run is thrown away: its schema may be another's.
    """
    folder = ROOT / "var" / name
    with embedded.only_user_of(folder):
        for leftover in ("postgres", "redis", "data"):
            shutil.rmtree(folder / leftover, ignore_errors=True)
        os.environ["DATA_DIR"] = str(folder / "data")
        with (folder / "log").open("w", encoding="utf-8") as log:

            def write(name: str, line: str) -> None:
                log.write(f"{name} | {line}\n")
                log.flush()

            with embedded.services(folder, write, durable=False):
                yield


def migrate_template() -> None:
    """Migrate what PostgreSQL copies for each worker; raises `StartError`."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/template1"
    answer = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
        },
        check=False,
    )
    if answer.returncode:
        raise StartError("The migrations do not run: see above.")


def see_to_browser() -> None:
    """Install Debian's Chromium where none is; raises `StartError` if it cannot."""
    if not any(shutil.which(name) for name in BROWSERS):
        _install("The browser tests need Chromium", ["chromium"])


def see_to_node() -> None:
    """Install Debian's Node.js where none is; raises `StartError` if it cannot.

    The servers that nobody here wrote are npm's (config/tests/peers), and so is what
    makes a client of the API (config/tests/clients).
    """
    if not all(shutil.which(name) for name in NODE):
        _install("The tests against foreign peers need Node.js", ["nodejs", "npm"])


def see_to_curl() -> None:
    """Install Debian's curl where none is; raises `StartError` if it cannot."""
    if not shutil.which("curl"):
        _install("The commands of docs/api.md need curl", ["curl"])


def _install(why: str, packages: Sequence[str]) -> None:
    command = f"apt install {' '.join(packages)}"
    apt = shutil.which("apt-get")
    sudo = [] if os.geteuid() == 0 else [shutil.which("sudo") or "", "-n"]
    if apt is None or "" in sudo:
        raise StartError(f"{why}: {command}.")
    sys.stderr.write(f"{why}: installing {' and '.join(packages)}.\n")
    for step in (
        ["update"],
        ["install", "--yes", "--no-install-recommends", *packages],
    ):
        answer = subprocess.run(  # noqa: S603 (our own argument list)
            [*sudo, apt, "--quiet", *step],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            lines = answer.stderr.strip().splitlines() or ["no word from it"]
            raise StartError(f"{why}: {command} (tried it: {lines[-1]}).")


def _pytest(arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "pytest", *_spread(arguments), *arguments]
    running = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 (the developer's own)
    try:
        return running.wait()
    except KeyboardInterrupt:
        running.send_signal(signal.SIGINT)
        return running.wait()


def _spread(arguments: Sequence[str]) -> list[str]:
    told = any(argument.startswith(("-n", "--pdb", "-s")) for argument in arguments)
    # One more than there are cores: some tests mostly wait for what they have started.
    workers = str((os.cpu_count() or 1) + 1)
    return [] if told else ["-n", workers, "--dist", "worksteal"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
