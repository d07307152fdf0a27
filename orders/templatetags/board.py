"""How the board and its tickets say what is to be cooked, and until when."""

import math
from datetime import datetime

from django import template
from django.utils.translation import gettext as _

from menus.models import Allergen
from orders.models import OrderLine
from orders.selectors import multiply_out

register = template.Library()
MINUTE = 60


register.filter("chosen", multiply_out)


@register.filter
def allergen_words(line: OrderLine) -> list[str]:
    words = dict(Allergen.choices)
    return [str(words.get(code, code)) for code in line.allergens]


def span_words(minutes: int) -> str:
    """Say minutes as people do: 12 min, 1 h 05 min."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": rest}
    return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": rest}


@register.filter
def left(moment: datetime, now: datetime) -> str:
    """Say how long it is until a moment, or how late it is; never a negative."""
    seconds = (moment - now).total_seconds()
    if seconds > 0:
        return _("%(span)s left") % {"span": span_words(math.ceil(seconds / MINUTE))}
    late = math.floor(-seconds / MINUTE)
    return _("%(span)s late") % {"span": span_words(late)} if late else _("due now")


@register.filter
def is_late(moment: datetime, now: datetime) -> bool:
    return (now - moment).total_seconds() >= MINUTE


@register.filter
def seconds_left(moment: datetime, now: datetime) -> int:
    """Return the whole seconds until a moment, not below 0."""
    return max(0, math.ceil((moment - now).total_seconds()))


@register.simple_tag
def board_texts() -> dict[str, str]:
    """Return what the script says, in the reader's language."""
    return {
        "minutes": _("%(minutes)d min"),
        "hours": _("%(hours)d h %(minutes)02d min"),
        "left": _("%(span)s left"),
        "late": _("%(span)s late"),
        "due": _("due now"),
        "updated": _("updated %(seconds)s s ago"),
        "offline": _("OFFLINE"),
        "offline_since": _("Nothing new for %(seconds)s s. Trying again."),
        "live": _("Live"),
        "signed_out": _("You are signed out. Nothing new is shown."),
        "sign_in": _("Sign in"),
        "dismiss": _("Got it"),
        "not_printed": _("The ticket was not printed. Use its button to try again."),
        "ticket": _("Ticket"),
        "new_order": _("New order %(number)s"),
        "failed": _("Not sent: there is no connection. Nothing was changed."),
        "refused": _("This could not be done. Reload the page and try again."),
        "sound_on": _("Sound on"),
        "sound_off": _("Sound off"),
        "awake_on": _("Screen stays on"),
        "awake_off": _("Screen may go dark"),
        "notes_on": _("Notifications on"),
        "notes_off": _("No notifications"),
        "telling": _("telling the customer …"),
        "seconds": _("in %(seconds)s s"),
    }
