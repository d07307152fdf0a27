from django.apps import AppConfig


class MenusConfig(AppConfig):
    name = "menus"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models must be loaded before these can be imported.
        from menus.selectors import list_dishes_found  # noqa: PLC0415
        from restaurants.selectors import find_dishes_with  # noqa: PLC0415

        find_dishes_with(list_dishes_found)
