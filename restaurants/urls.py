from django.urls import path

from restaurants import views

# The page of one restaurant shows the cart too, so orders, which is above, has it.
urlpatterns = [
    path("", views.restaurant_list, name="restaurant-list"),
    # Before any restaurant's own address.
    path("favourites/", views.favourite_list, name="favourite-list"),
    path("<slug:slug>/favourite/", views.favourite_toggle, name="favourite-toggle"),
]

# Becoming one of the people who run a restaurant.
joining_urlpatterns = [
    path("", views.join, name="apply"),
    path("again/<uuid:public_id>/", views.join_again, name="apply-again"),
    path("status/", views.join_status, name="status"),
    path("invitation/<str:token>/", views.join_invitation, name="invitation"),
]
