from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models must be loaded before these can be imported.
        from orders import notifications, receivers, segments  # noqa: F401, PLC0415

        receivers.connect()
