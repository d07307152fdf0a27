from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models must be loaded before these can be imported.
        from customers import notifications, receivers  # noqa: F401, PLC0415

        receivers.connect()
