from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    JsonResponse,
)
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from notifications.exceptions import NotificationError, QuietHoursError
from notifications.forms import PreferencesForm
from notifications.models import Notification
from notifications.quiet_hours import next_morning, zone_of
from notifications.selectors import (
    RegisteredDevice,
    count_unread,
    get_device_for_user,
    get_notification_for_recipient,
    get_preferences,
    get_rest,
    list_devices_for_user,
    list_notifications_for_recipient,
    list_suppressions_for_user,
)
from notifications.services.inbox import (
    archive,
    mark_all_read,
    mark_read,
    mark_unread,
)
from notifications.services.preferences import (
    change_preferences,
    set_do_not_disturb,
    set_preference,
)
from notifications.services.registration import remove_device
from notifications.topics import get_category
from notifications.unsubscribing import read_unsubscribe_token

PAGE_SIZE = 20
PK_DIGITS = 19
MORNING = time(8)


def _position(cursor: str) -> int | None:
    if not cursor:
        return None
    is_number = cursor.isascii() and cursor.isdigit() and len(cursor) <= PK_DIGITS
    if not is_number or int(cursor) >= 2**63:
        raise Http404
    return int(cursor)


def _notification(request: HttpRequest, pk: int) -> Notification:
    try:
        return get_notification_for_recipient(recipient_pk=request.user.pk or 0, pk=pk)
    except Notification.DoesNotExist as error:
        raise Http404 from error


@never_cache
@login_required
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    found = list_notifications_for_recipient(
        recipient_pk=request.user.pk or 0,
        before=_position(request.GET.get("after", "")),
        limit=PAGE_SIZE + 1,
    )
    notifications = found[:PAGE_SIZE]
    cursor = notifications[-1].pk if len(found) > PAGE_SIZE else ""
    return render(
        request,
        "notifications/inbox.html",
        {"notifications": notifications, "next_cursor": cursor},
    )


@login_required
@require_POST
def notification_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark read, and go where the notification points."""
    notification = _notification(request, pk)
    mark_read(notification=notification)
    url = notification.wording.url
    if url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        return redirect(url)
    return redirect("notifications:inbox")


@login_required
@require_POST
def notification_mark_unread(request: HttpRequest, pk: int) -> HttpResponse:
    mark_unread(notification=_notification(request, pk))
    return redirect("notifications:inbox")


@login_required
@require_POST
def notification_archive(request: HttpRequest, pk: int) -> HttpResponse:
    archive(notification=_notification(request, pk))
    return redirect("notifications:inbox")


@login_required
@require_POST
def inbox_mark_all_read(request: HttpRequest) -> HttpResponse:
    mark_all_read(recipient_pk=request.user.pk or 0)
    return redirect("notifications:inbox")


@login_required
@require_GET
def unread_count(request: HttpRequest) -> JsonResponse:
    """Answer how many notifications are unread, for the badge in the header."""
    response = JsonResponse({"unread": count_unread(recipient_pk=request.user.pk or 0)})
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    user_pk = request.user.pk or 0
    rest = get_rest(user_pk)
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        table=get_preferences(user_pk),
        rest=rest,
    )
    if form.is_valid() and _has_saved(user_pk, form):
        messages.success(request, _("Your preferences are saved."))
        return redirect("notifications:preferences")
    # The user is an app's above; these fields every recipient has.
    user: Any = request.user
    context = {
        "form": form,
        "do_not_disturb_until": rest.do_not_disturb_until,
        "zone": zone_of(user.time_zone),
        "zone_name": str(zone_of(user.time_zone)).replace("_", " "),
        "devices": list_devices_for_user(user_pk),
        "suppressions": list_suppressions_for_user(
            email=user.email, phone=str(user.phone)
        ),
        "sms_number": _sms_number(),
    }
    return render(request, "notifications/preferences.html", context)


def _sms_number() -> str:
    """Return the number that texts come from, if they come from one."""
    accounts = settings.NOTIFICATIONS
    sender = accounts.get("TWILIO", {}).get("sender", "")
    sender = sender or accounts.get("SMPP", {}).get("source", "")
    return str(sender) if sender.startswith("+") else ""


def _has_saved(user_pk: int, form: PreferencesForm) -> bool:
    try:
        change_preferences(
            user_pk=user_pk,
            wishes=form.wishes(),
            quiet_hours=(
                form.cleaned_data["quiet_from"],
                form.cleaned_data["quiet_until"],
            ),
        )
    except QuietHoursError:
        form.refuse_quiet_hours()
        return False
    return True


@login_required
@require_POST
def do_not_disturb(request: HttpRequest) -> HttpResponse:
    """Be left alone for an hour or until tomorrow morning, or no longer."""
    user: Any = request.user
    now = timezone.now()
    choices: dict[str, datetime | None] = {
        "hour": now + timedelta(hours=1),
        "tomorrow": next_morning(now, zone_of(user.time_zone), MORNING),
        "off": None,
    }
    choice = request.POST.get("for", "")
    if choice not in choices:
        return HttpResponseBadRequest()
    set_do_not_disturb(user_pk=user.pk, until=choices[choice])
    return redirect("notifications:preferences")


@login_required
@require_http_methods(["GET", "POST"])
def device_remove(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    device = _device(request, kind, pk)
    if request.method == "POST":
        remove_device(user_pk=request.user.pk or 0, kind=kind, device_pk=pk)
        messages.success(
            request, _("%(device)s is removed.") % {"device": device.label}
        )
        return redirect("notifications:preferences")
    return render(request, "notifications/device_remove.html", {"device": device})


def _device(request: HttpRequest, kind: str, pk: int) -> RegisteredDevice:
    try:
        return get_device_for_user(user_pk=request.user.pk or 0, kind=kind, pk=pk)
    except LookupError as error:
        raise Http404 from error


# A mail program posts here by itself, with no cookie; the token says who it is for.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Turn a category's mail off, or on again; looking at the page does neither.

    RFC 8058; programs that scan mail open every link in it.
    """
    found = read_unsubscribe_token(token)
    category = get_category(found[1]) if found else None
    if found is None or category is None or not _exists(found[0]):
        raise Http404
    is_on = None
    if request.method == "POST":
        is_on = request.POST.get("action") == "undo"
        _set_mail(found[0], category.name, is_on=is_on)
    return render(
        request,
        "notifications/unsubscribe.html",
        {"category": category, "is_on": is_on},
    )


def _exists(user_pk: int) -> bool:
    return get_user_model().objects.filter(pk=user_pk).exists()


def _set_mail(user_pk: int, category: str, *, is_on: bool) -> None:
    try:
        set_preference(
            user_pk=user_pk, category=category, channel="email", is_enabled=is_on
        )
    except NotificationError as error:
        # No mail of the kind is sent any more: there is nothing to stop.
        raise Http404 from error
