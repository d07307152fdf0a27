import csv
import gzip
import io
import zlib
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from restaurants.services.importing import ImportReport, import_restaurants
from restaurants.services.sources import LeftOut, reader_for

LONGEST_FIELD = 2**31 - 1


class Command(BaseCommand):
    help = (
        "Import restaurants from OpenStreetMap places or San Francisco's list of "
        "businesses; running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV in UTF-8, plain or .gz")
        parser.add_argument(
            "--report", type=Path, help="write what was left out to this CSV file"
        )

    def handle(
        self, *args: Any, file: Path, report: Path | None, **options: Any
    ) -> None:
        # A quote that nothing closes makes one long field: a bad row, not an error.
        usual = csv.field_size_limit(LONGEST_FIELD)
        try:
            self._import(file, report)
        finally:
            csv.field_size_limit(usual)

    def _import(self, file: Path, report: Path | None) -> None:
        rows = csv.DictReader(io.StringIO(_read(file), newline=""))
        read = reader_for(set(rows.fieldnames or ()))
        if read is None:
            raise CommandError(f"{file} has the columns of no layout that is known.")
        if report is not None:
            _write_report(report, [])  # better to fail now than after the work
        done = import_restaurants(rows=rows, read=read, on_progress=self._show_progress)
        self.stderr.write("")
        self._print_counts(done)
        if report is not None:
            _write_report(report, done.doubts)
        else:
            self._print_doubts(done.doubts)

    def _show_progress(self, done: int) -> None:
        self.stderr.write(f"\rrows: {done}", ending="")

    def _print_counts(self, done: ImportReport) -> None:
        for words, count in (
            ("rows read", done.rows),
            ("created", done.created),
            ("changed", done.changed),
            ("unchanged", done.unchanged),
            ("left to their owners", done.run_by_owner),
            ("rows left out", done.left_out),
        ):
            self.stdout.write(f"{words}: {count}")
        reasons = Counter(
            (it.field or "row", it.reason.partition(":")[0]) for it in done.doubts
        )
        for (name, reason), count in reasons.most_common():
            self.stdout.write(f"  {count} × {name} {reason}")

    def _print_doubts(self, doubts: list[LeftOut]) -> None:
        for it in doubts:
            what = f" {it.field} “{it.value}”" if it.field else ""
            self.stdout.write(
                f"left out: row {it.row} ({it.source_id}){what}: {it.reason}"
            )


def _read(file: Path) -> str:
    try:
        content = file.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"Cannot read {file}: {error}") from error
    # A byte that is not UTF-8 costs its own row, not the file.
    return content.decode("utf-8-sig", errors="replace")


def _write_report(file: Path, doubts: list[LeftOut]) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as output:
            writer = csv.writer(output)
            writer.writerow(["row", "id", "field", "value", "reason"])
            for it in doubts:
                writer.writerow([it.row, it.source_id, it.field, it.value, it.reason])
    except OSError as error:
        raise CommandError(f"Cannot write {file}: {error}") from error
