from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from config import account_pages, api, app_pages
from config.views import health
from notifications.metrics import metrics
from orders.views.home import home
from orders.views.restaurant import restaurant_detail
from restaurants.owner_site import owner_site
from restaurants.urls import joining_urlpatterns
from restaurants.urls import urlpatterns as restaurant_urls

restaurant_pages = [
    *restaurant_urls,
    path("<slug:slug>/", restaurant_detail, name="restaurant-detail"),
]

urlpatterns = [
    path("", home, name="home"),
    # Looked for in this order, so what is asked most stands before what is not.
    path("api/v1/", include((api.urlpatterns, "api"))),
    path("sw.js", app_pages.service_worker, name="service-worker"),
    path("manifest.webmanifest", app_pages.manifest, name="manifest"),
    path("offline/", app_pages.offline, name="offline"),
    path("language/", app_pages.change_language, name="change-language"),
    path("healthz", health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("", include("menus.urls")),
    path("restaurants/", include((restaurant_pages, "restaurants"))),
    path("join/", include((joining_urlpatterns, "joining"))),
    path("", include("orders.urls")),
    path("account/", include("customers.urls")),
    path("account/data/", account_pages.account_data, name="account-data"),
    path("account/delete/", account_pages.account_delete, name="account-delete"),
    path("account/deleted/", account_pages.account_deleted, name="account-deleted"),
    path("inbox/", include("notifications.urls")),
    path("courier/", include("delivery.urls")),
    path("owner/", owner_site.urls),
    path("admin/", admin.site.urls),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
# Only with a secret: without one, anybody could tell of bounces.
if "WEBHOOK_SECRET" in settings.ANYMAIL:
    urlpatterns.append(path("anymail/", include("anymail.urls")))

handler400 = "config.views.bad_request"
handler500 = "config.views.server_error"
