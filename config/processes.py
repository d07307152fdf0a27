"""Child processes that share a terminal and do not outlive who started them."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

Log = Callable[[str, str], None]
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95)
WIDTH = 9


class StartError(Exception):
    """Something is not as it must be; the message says in one line what to do."""


@dataclass
class Process:
    """A program with a name; `log` gets each line that it writes."""

    name: str
    argv: Sequence[str]
    log: Log
    stop_signal: signal.Signals = signal.SIGTERM
    # What the kernel sends when the parent is gone; the same unless said.
    orphan_signal: signal.Signals | None = None
    patience: float = 10
    environ: Mapping[str, str] | None = None
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the parent.

        Call from the main thread: the kernel ends the child with its parent *thread*.
        """
        self.child = subprocess.Popen(  # noqa: S603 (our own argument lists)
            [*_ending_with_parent(self.orphan_signal or self.stop_signal), *self.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=self.environ,
        )
        assert self.child.stdout is not None
        threading.Thread(
            target=self._pass_on, args=(self.child.stdout,), daemon=True
        ).start()

    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def ask_to_stop(self) -> None:
        if self.child is not None and self.is_running():
            self.child.send_signal(self.stop_signal)

    def see_stopped(self) -> None:
        """Wait for its end, and end by force what is left of it."""
        if self.child is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.child.wait(self.patience)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once."""
        if self.child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def _pass_on(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                text = line.decode(errors="replace").rstrip()
                if text:
                    self.log(self.name, text)


def stop_all(processes: Sequence[Process]) -> None:
    """Stop them all at once; a second Ctrl-C meanwhile kills what is left."""
    try:
        for process in processes:
            process.ask_to_stop()
        for process in processes:
            process.see_stopped()
    except KeyboardInterrupt:
        for process in processes:
            process.kill()


def terminal_log(name: str, line: str) -> None:
    """Write a line of one process to the terminal, with its name before it."""
    prefix = f"{name:<{WIDTH}} | "
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        prefix = f"\x1b[{COLOURS[sum(name.encode()) % len(COLOURS)]}m{prefix}\x1b[0m"
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{prefix}{line}\n")
        sys.stdout.flush()


def raise_on_signals() -> None:
    """Let SIGTERM and a closed terminal end the program as Ctrl-C does."""

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupt)


def wait_until(ready: Callable[[], bool], process: Process, seconds: float) -> bool:
    """Tell whether `ready` came true in time, while the process was running."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.is_running():
        if ready():
            return True
        time.sleep(0.02)
    return False


def _ending_with_parent(number: signal.Signals) -> list[str]:
    # Even after kill -9 of the parent; without util-linux that one case is not covered.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG")] if setpriv else []
