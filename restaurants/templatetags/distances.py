from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()
KILOMETRE = 1000


@register.filter
def distance(metres: float | None) -> str:
    """Show a distance as people say it: 350 m, 2.4 km."""
    if metres is None:
        return ""
    if metres < KILOMETRE:
        return _("%(count)d m") % {"count": round(metres, -1)}
    kilometres = number_format(round(metres / KILOMETRE, 1), decimal_pos=1)
    return _("%(count)s km") % {"count": kilometres}
