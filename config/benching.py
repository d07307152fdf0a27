"""bin/bench: lists the benchmarks, or runs one on services of its own.

A benchmark is a module in benchmarks/ with `run(size=...)`, which answers with the
figures that are printed as the last line.
"""

import argparse
import importlib
import json
import os
import secrets
import sys
from pathlib import Path

import django

from config.processes import StartError, raise_on_signals
from config.testing import own_services

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def main() -> int:
    raise_on_signals()
    names = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
    parser = argparse.ArgumentParser(prog="bin/bench", description=_listing(names))
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", nargs="?", choices=names)
    parser.add_argument("--size", type=int, help="of what grows, instead of its own")
    asked = parser.parse_args()
    if asked.name is None:
        sys.stdout.write(_listing(names) + "\n")
        return 0
    try:
        with own_services("bench"):
            figures = _run(asked.name, asked.size)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _run(name: str, size: int | None) -> dict[str, object]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    os.environ.setdefault("SECURE_COOKIES", "false")
    os.environ.setdefault("STATIC_FROM_SOURCE", "true")
    django.setup()
    figures: dict[str, object] = importlib.import_module(f"benchmarks.{name}").run(
        size=size
    )
    return figures


def _listing(names: list[str]) -> str:
    return "\n".join(f"{name:<12} {_first_line(name)}" for name in names)


def _first_line(name: str) -> str:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    return text.removeprefix('"""').split("\n", 1)[0].rstrip('"')


if __name__ == "__main__":
    sys.exit(main())
