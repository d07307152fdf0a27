"""A menu's file on its way in: kept for an hour, tried out, then applied as shown."""

import json
import secrets
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import User
from menus.exceptions import NoTableError
from menus.services.history import record_changes
from menus.services.importing import import_menu
from menus.services.outcomes import Action, ImportReport
from menus.services.sheets import MAX_BYTES, read_sheet
from menus.services.table_import import import_table
from restaurants.models import Restaurant

KEPT_SECONDS = 3600


def keep_upload(*, restaurant: Restaurant, user: User, content: bytes) -> str:
    """Keep a file for an hour where only this server reads it; return its name.

    It replaces the same user's last one for the restaurant.
    """
    storage = _storage()
    forget_upload(restaurant=restaurant, user=user)
    _forget_old(storage)
    name = f"{_prefix(restaurant, user)}{secrets.token_hex(16)}"
    return storage.save(name, ContentFile(content))


def read_upload(*, restaurant: Restaurant, user: User, name: str) -> bytes:
    """Return a file that a user has under way; NoTableError once it is gone."""
    storage = _storage()
    gone = NoTableError(_("This preview is too old. Choose the file again."))
    if not name.startswith(_prefix(restaurant, user)) or "/" in name:
        raise gone
    try:
        path = Path(storage.path(name))
        if time.time() - path.stat().st_mtime > KEPT_SECONDS:
            raise gone
        return path.read_bytes()
    except OSError as error:
        raise gone from error


def forget_upload(*, restaurant: Restaurant, user: User) -> None:
    """Delete the file that a user has under way for a restaurant."""
    for path in Path(_storage().location).glob(f"{_prefix(restaurant, user)}*"):
        path.unlink(missing_ok=True)


def _storage() -> FileSystemStorage:
    return FileSystemStorage(
        location=Path(settings.DATA_DIR) / "imports",
        file_permissions_mode=0o600,
        directory_permissions_mode=0o700,
    )


def _prefix(restaurant: Restaurant, user: User) -> str:
    return f"{restaurant.pk}-{user.pk}-"


def _forget_old(storage: FileSystemStorage) -> None:
    oldest = time.time() - KEPT_SECONDS
    for path in Path(storage.location).glob("*-*-*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
        except OSError:
            continue  # Somebody else forgot it first.


def try_import(
    *, restaurant: Restaurant, content: bytes, hide_missing: bool = False
) -> ImportReport:
    """Tell what a file would do, row by row, and leave everything as it was.

    NoTableError when it is no menu at all.
    """
    with transaction.atomic():
        report = _run(restaurant, content, hide_missing=hide_missing)
        transaction.set_rollback(True)
    return report


def apply_import(
    *,
    restaurant: Restaurant,
    content: bytes,
    user: User,
    digest: str,
    hide_missing: bool = False,
) -> tuple[ImportReport, bool]:
    """Do what a file was shown to do; return what it does, and whether it was done.

    It is not done when a row fails, or when the menu changed so that the result is
    another than the one whose digest is given.
    """
    summary = _("Menu imported from a file")
    with (
        record_changes(restaurant_pk=restaurant.pk, user=user, summary=summary),
        transaction.atomic(),
    ):
        report = _run(restaurant, content, hide_missing=hide_missing)
        is_done = not report.has_errors and report.digest == digest
        if not is_done:
            transaction.set_rollback(True)
    return report, is_done


def _run(restaurant: Restaurant, content: bytes, *, hide_missing: bool) -> ImportReport:
    if len(content) > MAX_BYTES:
        raise NoTableError(_("The file is larger than 5 MB."))
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        document = read_document(content)
        report = import_menu(
            restaurant=restaurant, document=document, hide_missing=hide_missing
        )
        return ImportReport(sorted(report.outcomes, key=_rank))
    table = import_table(
        restaurant=restaurant, sheet=read_sheet(content), hide_missing=hide_missing
    )
    table.outcomes.sort(key=_rank)
    return table


def _rank(outcome: Any) -> int:
    return list(Action).index(outcome.action)


def read_document(content: bytes) -> dict[str, Any]:
    """Return a menu as parsed JSON; NoTableError when it is something else."""
    try:
        document = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
        said = json.dumps(document, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise NoTableError(_("The file is not valid JSON.")) from error
    if not isinstance(document, dict):
        raise NoTableError(_("The file is not a menu in the Uber Eats format."))
    kinds = ("menus", "categories", "items", "modifier_groups")
    if not any(kind in document for kind in kinds) or not all(
        isinstance(document.get(kind) or [], list) for kind in kinds
    ):
        raise NoTableError(_("The file is not a menu in the Uber Eats format."))
    if "\\u0000" in said or _has_surrogates(document):
        raise NoTableError(_("The file holds characters that no menu can have."))
    return document


def _has_surrogates(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
