import gzip
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from menus.services.importing import MenuReport, import_menu
from restaurants.models import Restaurant


class Command(BaseCommand):
    help = "Import a menu in the Uber Eats format; running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("restaurant", help="its address in the site (slug)")
        parser.add_argument("file", type=Path, help="JSON, plain or .gz")

    def handle(self, *args: Any, restaurant: str, file: Path, **options: Any) -> None:
        found = Restaurant.objects.filter(slug=restaurant).first()
        if found is None:
            raise CommandError(f"There is no restaurant “{restaurant}”.")
        report = import_menu(
            restaurant=found, document=_read(file), on_progress=self._show_progress
        )
        self._print_report(report)

    def _show_progress(self, done: int, total: int) -> None:
        self.stderr.write(f"\rsections: {done} of {total}", ending="")
        if done == total:
            self.stderr.write("")

    def _print_report(self, report: MenuReport) -> None:
        for row in report.left_out:
            self.stdout.write(f"left out: {row.row}: {row.reason}")
        for words, counts in (
            ("created", report.created),
            ("changed", report.changed),
            ("unchanged", report.unchanged),
        ):
            listed = ", ".join(f"{kind} {n}" for kind, n in sorted(counts.items()))
            self.stdout.write(f"{words}: {listed or 'nothing'}")
        self.stdout.write(f"left out: {len(report.left_out)}")


def _read(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        document = json.loads(content)
    except (OSError, EOFError, ValueError) as error:
        raise CommandError(f"Cannot read {file}: {error}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{file} is not a menu in the Uber Eats format.")
    return document
