from django import template
from django.conf import settings

from notifications.vapid import public_key_of

register = template.Library()


@register.simple_tag
def web_push_key() -> str:
    """Return what a browser subscribes with; "" where there is no such account."""
    account = settings.NOTIFICATIONS.get("WEB_PUSH")
    return public_key_of(account["key"]) if account else ""
