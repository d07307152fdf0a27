from django.apps import AppConfig
from django.core.checks import register


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models must be loaded before these can be imported.
        from notifications import checks, receivers  # noqa: PLC0415

        receivers.connect()
        register(checks.check_user_model)
        register(checks.check_accounts)
