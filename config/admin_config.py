"""The operators' admin site: staff only. Owners have a site of their own."""

from django.contrib.admin.apps import AdminConfig


class OperatorAdminConfig(AdminConfig):
    default_site = "config.admin_site.OperatorSite"
