from django.urls import path

from restaurants import views

# The page of one restaurant shows its menu, so menus, which is above, adds it.
urlpatterns = [path("", views.restaurant_list, name="restaurant-list")]
