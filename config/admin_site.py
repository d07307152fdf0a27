from django.utils.translation import gettext_lazy as _

from restaurants.owner_site import BackOffice


class OperatorSite(BackOffice):
    site_header = _("Tiffin operators")
    site_title = _("Tiffin operators")
