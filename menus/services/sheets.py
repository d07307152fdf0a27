"""Reading the rows of a CSV or XLSX file of somebody else's making."""

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from menus.exceptions import NoTableError

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 60
# What a spreadsheet may unfold to: far more than 5,000 rows take.
MAX_UNPACKED = 40 * 1024 * 1024
MAX_PARTS = 500
# What the reader of spreadsheets raises over one that is broken or no spreadsheet.
UNREADABLE = (
    *(ArithmeticError, AttributeError, EOFError, InvalidFileException),
    *(LookupError, MemoryError, NotImplementedError, OSError, ParseError),
    *(RecursionError, RuntimeError, TypeError, ValueError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
# Spreadsheet programs run text that begins like this.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

Cell = str | int | float | bool | None


@dataclass
class Sheet:
    """A header and rows under it, each with its number in the file."""

    header: list[str]
    rows: list[tuple[int, list[Cell]]]
    notices: list[str] = field(default_factory=list)


def escape_text(text: str) -> str:
    """Return text that no spreadsheet program takes for a formula."""
    text = _CONTROL.sub("", text)
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_text(text: str) -> str:
    """Return what escape_text was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def read_sheet(content: bytes) -> Sheet:
    """Read a file as CSV or as the first sheet of XLSX; NoTableError says why not."""
    if len(content) > MAX_BYTES:
        raise NoTableError(_("The file is larger than 5 MB."))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise NoTableError(
            _("This is an old or protected Excel file. Save it as .xlsx or .csv.")
        )
    if content.startswith(b"PK"):
        return _to_sheet(_read_xlsx(content), [])
    text, notices = _decode(content)
    return _to_sheet(_read_csv(text), notices)


def _to_sheet(lines: Sequence[Sequence[Any]], notices: list[str]) -> Sheet:
    numbered = [
        (number, [_to_cell(value) for value in line])
        for number, line in enumerate(lines, 1)
        if any(value not in (None, "") for value in line)
    ]
    if not numbered:
        raise NoTableError(_("The file is empty."))
    header = [str(value or "").strip().lower() for value in numbered[0][1]]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise NoTableError(_("The file has too many columns to be a menu."))
    if len(numbered) - 1 > MAX_ROWS:
        raise NoTableError(_("The file has more than 5,000 rows."))
    return Sheet(header, numbered[1:], notices)


def _to_cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _decode(content: bytes) -> tuple[str, list[str]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        notices = []
        if encoding == "cp1252":
            notices.append(
                _(
                    "The file is not in UTF-8, so it was read as Windows-1252. Check"
                    " letters with accents in the preview."
                )
            )
        return text, notices
    raise NoTableError(_("The file is not a text file, nor a spreadsheet. Use UTF-8."))


def _read_csv(text: str) -> list[list[str]]:
    if "\0" in text:
        raise NoTableError(_("The file holds characters that no menu can have (NUL)."))
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True
    )
    lines: list[list[str]] = []
    try:
        # A header, and blank lines between the rows.
        for line in islice(reader, 2 * MAX_ROWS + 2):
            if len(line) > 4 * MAX_COLUMNS:
                raise NoTableError(_("The file has too many columns to be a menu."))
            lines.append(line)
    except csv.Error as error:
        raise NoTableError(
            _("Row %(row)d of the file cannot be read: %(reason)s.")
            % {"row": len(lines) + 1, "reason": error}
        ) from error
    return lines


def _delimiter(text: str) -> str:
    header = next((line for line in text[:10_000].splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _read_xlsx(content: bytes) -> list[tuple[Any, ...]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            listed = parts.infolist()
        unpacked = sum(part.file_size for part in listed)
        if unpacked > MAX_UNPACKED or len(listed) > MAX_PARTS:
            raise NoTableError(_("The spreadsheet is too large to be a menu."))
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        return list(_first_sheet(book))
    except UNREADABLE as error:
        raise NoTableError(_("The spreadsheet cannot be read.")) from error


def _first_sheet(book: Any) -> Iterator[tuple[Any, ...]]:
    sheet = book.worksheets[0]
    # One more than is allowed, so that too many are noticed.
    yield from sheet.iter_rows(
        max_row=2 * MAX_ROWS + 2, max_col=MAX_COLUMNS + 1, values_only=True
    )
