from django.urls import path

from restaurants import views

# The page of one restaurant shows its menu, so menus, which is above, adds it.
urlpatterns = [path("", views.restaurant_list, name="restaurant-list")]

# Becoming one of the people who run a restaurant.
joining_urlpatterns = [
    path("", views.join, name="apply"),
    path("again/<uuid:public_id>/", views.join_again, name="apply-again"),
    path("status/", views.join_status, name="status"),
    path("invitation/<str:token>/", views.join_invitation, name="invitation"),
]
