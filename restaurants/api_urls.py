from django.urls import URLPattern, path

from restaurants.api import favourites, listing, places

urlpatterns: list[URLPattern] = [
    path("restaurants", listing.RestaurantsView.as_view(), name="restaurants"),
    path("cuisines", listing.CuisinesView.as_view(), name="cuisines"),
    path("places", places.PlacesView.as_view(), name="places"),
    path("places/reverse", places.ReversePlacesView.as_view(), name="places-around"),
    path("me/favourites", favourites.FavouritesView.as_view(), name="favourites"),
    path(
        "me/favourites/<uuid:restaurant_id>",
        favourites.FavouriteView.as_view(),
        name="favourite",
    ),
]
