from django.contrib import admin
from django.urls import include, path

from restaurants.owner_site import owner_site

urlpatterns = [
    path("admin/", admin.site.urls),
    path("owner/", owner_site.urls),
    path("courier/", include("delivery.urls")),
]
