from django.urls import URLPattern, path

from menus.api import reading

urlpatterns: list[URLPattern] = [
    path(
        "restaurants/<uuid:restaurant_id>/menu",
        reading.MenuView.as_view(),
        name="restaurant-menu",
    ),
]
