from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from notifications.models import Notification
from notifications.selectors import (
    count_unread,
    get_notification_for_recipient,
    list_notifications_for_recipient,
)
from notifications.services.inbox import mark_all_read, mark_read

PAGE_SIZE = 20


def _position(cursor: str) -> int | None:
    if not cursor:
        return None
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) >= 2**63:
        raise Http404
    return int(cursor)


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
    try:
        notification = get_notification_for_recipient(
            recipient_pk=request.user.pk or 0, pk=pk
        )
    except Notification.DoesNotExist as error:
        raise Http404 from error
    mark_read(notification=notification)
    url = notification.wording.url
    if url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        return redirect(url)
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
