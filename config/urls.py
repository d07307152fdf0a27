from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from config.views import health
from menus.views import restaurant_detail
from notifications.metrics import metrics
from restaurants.owner_site import owner_site
from restaurants.urls import joining_urlpatterns
from restaurants.urls import urlpatterns as restaurant_urls
from restaurants.views import home

restaurant_pages = [
    *restaurant_urls,
    path("<slug:slug>/", restaurant_detail, name="restaurant-detail"),
]

urlpatterns = [
    path("", home, name="home"),
    path("healthz", health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("", include("menus.urls")),
    path("restaurants/", include((restaurant_pages, "restaurants"))),
    path("join/", include((joining_urlpatterns, "joining"))),
    path("", include("orders.urls")),
    path("account/", include("customers.urls")),
    path("inbox/", include("notifications.urls")),
    path("api/v1/notifications/", include("notifications.api_urls")),
    path("courier/", include("delivery.urls")),
    path("owner/", owner_site.urls),
    path("admin/", admin.site.urls),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
# Only with a secret: without one, anybody could tell of bounces.
if "WEBHOOK_SECRET" in settings.ANYMAIL:
    urlpatterns.append(path("anymail/", include("anymail.urls")))
