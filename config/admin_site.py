from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class OperatorSite(UnfoldAdminSite):
    site_header = _("Tiffin operators")
    site_title = _("Tiffin operators")
