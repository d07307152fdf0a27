from django.utils.translation import gettext_lazy as _

from restaurants.owner_site import HomeAfterSignIn


class OperatorSite(HomeAfterSignIn):
    site_header = _("Tiffin operators")
    site_title = _("Tiffin operators")
