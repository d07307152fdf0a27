from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()
KILOMETRE = 1000
MILE = 1609.344
# Where signs on the road count miles (CLDR, measurementSystem).
MILES = {"US", "GB", "LR", "MM"}


@register.filter
def distance(metres: float | None, country: str = "") -> str:
    """Show a distance as people in a country say it: 350 m, 2.4 km, 1.5 mi."""
    if metres is None:
        return ""
    if country in MILES:
        miles = number_format(round(metres / MILE, 1), decimal_pos=1)
        return _("%(count)s mi") % {"count": miles}
    if metres < KILOMETRE:
        return _("%(count)d m") % {"count": round(metres, -1)}
    kilometres = number_format(round(metres / KILOMETRE, 1), decimal_pos=1)
    return _("%(count)s km") % {"count": kilometres}
