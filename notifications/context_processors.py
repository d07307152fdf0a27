from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.selectors import count_unread


def inbox(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"unread_count": 0}
    return {
        "unread_count": SimpleLazyObject(lambda: count_unread(recipient_pk=user.pk))
    }
