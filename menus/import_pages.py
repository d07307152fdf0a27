"""A whole menu into the portal and out of it: CSV, XLSX and the Uber Eats JSON."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.models import User
from menus.exceptions import NoTableError
from menus.models import Allergen, Diet
from menus.services.exporting import export_menu
from menus.services.outcomes import Action, ImportReport
from menus.services.sheets import MAX_BYTES
from menus.services.tables import COLUMNS, export_example, export_table
from menus.services.uploads import (
    apply_import,
    forget_upload,
    keep_upload,
    read_upload,
    try_import,
)
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, owner_site

SALT = "menus.import"
KEPT_SECONDS = 3600
ROWS_SHOWN = 1_000
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose a file.")},
        widget=forms.ClearableFileInput(
            attrs={"accept": ".csv,.xlsx,.json,.txt,text/csv,application/json"}
        ),
    )
    hide_missing = forms.BooleanField(
        label=gettext_lazy("Remove items that are not in this file"), required=False
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(_("The file is larger than 5 MB."))
        return file


class ConfirmForm(forms.Form):
    token = forms.CharField(max_length=2_000)


def menu_import(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Take a file, show what it would do, and do it once that is confirmed."""
    if request.method != "POST":
        return _ask(request, restaurant, UploadForm())
    if "token" in request.POST:
        return _confirm(request, restaurant)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _ask(request, restaurant, form)
    content = form.cleaned_data["file"].read()
    hide_missing = form.cleaned_data["hide_missing"]
    try:
        report = try_import(
            restaurant=restaurant, content=content, hide_missing=hide_missing
        )
    except NoTableError as error:
        form.add_error("file", str(error.message))
        return _ask(request, restaurant, form)
    name = keep_upload(restaurant=restaurant, user=_user(request), content=content)
    kept = {"file": name, "hide": hide_missing, "title": form.cleaned_data["file"].name}
    return _show(request, restaurant, report, kept)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _ask(
    request: HttpRequest, restaurant: Restaurant, form: UploadForm, notice: str = ""
) -> HttpResponse:
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Import and export the menu"),
        form=form,
        notice=notice,
        columns=", ".join(COLUMNS),
        diets=", ".join(Diet.values),
        allergens=", ".join(Allergen.values),
    )
    return TemplateResponse(request, "owner/menu_import/upload.html", context)


def _show(
    request: HttpRequest,
    restaurant: Restaurant,
    report: ImportReport,
    kept: dict[str, Any],
    *,
    is_other: bool = False,
) -> HttpResponse:
    """Show what a kept file would do; `is_other` than what was shown before."""
    kept = {**kept, "digest": report.digest}
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Preview of the import"),
        report=report,
        counts=[(action, count) for action, count in report.counts.items() if count],
        outcomes=report.outcomes[:ROWS_SHOWN],
        left_count=max(0, len(report.outcomes) - ROWS_SHOWN),
        change_count=sum(
            count
            for action, count in report.counts.items()
            if action not in (Action.SAME, Action.ERROR)
        ),
        kept=kept,
        is_other=is_other,
        token=signing.dumps([restaurant.pk, _user(request).pk, kept], salt=SALT),
    )
    return TemplateResponse(request, "owner/menu_import/preview.html", context)


def _confirm(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    user = _user(request)
    try:
        kept = _read_token(request, restaurant)
        content = read_upload(restaurant=restaurant, user=user, name=kept["file"])
        report, is_done = apply_import(
            restaurant=restaurant,
            content=content,
            user=user,
            digest=kept["digest"],
            hide_missing=kept["hide"],
        )
    except NoTableError as error:
        return _ask(request, restaurant, UploadForm(), notice=str(error.message))
    if not is_done:
        return _show(request, restaurant, report, kept, is_other=True)
    forget_upload(restaurant=restaurant, user=user)
    messages.success(request, _say_done(report))
    return redirect(reverse("owner:menu-import", args=[restaurant.pk]))


def _read_token(request: HttpRequest, restaurant: Restaurant) -> dict[str, Any]:
    gone = NoTableError(_("This preview is too old. Choose the file again."))
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        raise gone
    try:
        restaurant_pk, user_pk, kept = signing.loads(
            form.cleaned_data["token"], salt=SALT, max_age=KEPT_SECONDS
        )
    except signing.BadSignature as error:
        raise gone from error
    if (restaurant_pk, user_pk) != (restaurant.pk, _user(request).pk):
        raise gone
    assert isinstance(kept, dict)
    return kept


def _say_done(report: ImportReport) -> str:
    counts = report.counts
    changed = counts[Action.CREATE] + counts[Action.UPDATE] + counts[Action.HIDE]
    return ngettext(
        "The menu was imported: %(count)d row changed it.",
        "The menu was imported: %(count)d rows changed it.",
        changed,
    ) % {"count": changed}


def menu_export(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    kind = request.GET.get("format", "csv")
    if kind not in KINDS:
        raise Http404
    if kind == "json":
        document = export_menu(restaurant=restaurant)
        content = json.dumps(document, ensure_ascii=False, indent=1).encode()
    else:
        content = export_table(restaurant=restaurant, kind=kind)
    today = timezone.localdate()
    name = f"menu-{slugify(restaurant.slug)}-{today:%Y-%m-%d}.{kind}"
    return _download(content, kind, name)


def menu_example(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    return _download(export_example(restaurant=restaurant), "csv", "example.csv")


def _download(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


PAGES = [
    Page(
        path="menu/import/",
        name="menu-import",
        view=menu_import,
        duty=Duty.MENU,
        icon="upload_file",
    ),
    Page(
        path="menu/import/example.csv",
        name="menu-import-example",
        view=menu_example,
        duty=Duty.MENU,
    ),
    Page(
        path="menu/export/",
        name="menu-export",
        view=menu_export,
        duty=Duty.MENU,
    ),
]
