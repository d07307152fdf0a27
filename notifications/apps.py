from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models must be loaded before these can be imported.
        from notifications import receivers  # noqa: PLC0415

        receivers.connect()
