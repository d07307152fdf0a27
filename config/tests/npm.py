"""Packages from npm, for tests that need what is written in JavaScript."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from django.conf import settings


def install(source: Path, name: str) -> Path:
    """Install what a folder's package-lock.json pins, once; return where it is."""
    folder = Path(settings.BASE_DIR) / "var" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (source / "package-lock.json").read_text()
        installed = folder / "installed.json"
        if not installed.exists() or installed.read_text() != wanted:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(source / file, folder)
            subprocess.run(  # noqa: S603 (our own argument list)
                [shutil.which("npm") or "npm", "ci", "--ignore-scripts", "--no-audit"],
                cwd=folder,
                check=True,
                capture_output=True,
            )
            installed.write_text(wanted)
    return folder
