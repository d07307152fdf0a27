"""The words of a topic, in a person's language and time zone."""

from collections.abc import Mapping

from django.template import Context, Engine
from django.utils import timezone, translation

from notifications.quiet_hours import zone_of

LONGEST_TITLE = 200


def render_words(
    topic: str,
    context: Mapping[str, object],
    *,
    locale: str,
    time_zone: str,
    is_summary: bool = False,
) -> tuple[str, str]:
    """Return title and body of a topic, or of a summary of it, as plain text."""
    kind = "digest_" if is_summary else ""
    with translation.override(locale), timezone.override(zone_of(time_zone)):
        title = _render(f"notifications/{topic}/{kind}title.txt", context)
        body = _render(f"notifications/{topic}/{kind}body.txt", context)
    return " ".join(title.split())[:LONGEST_TITLE], body.strip()


def _render(name: str, context: Mapping[str, object]) -> str:
    """Render plain text: it is escaped where it is shown, not here."""
    template = Engine.get_default().get_template(name)
    return template.render(Context(dict(context), autoescape=False))
