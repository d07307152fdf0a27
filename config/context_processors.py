from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {"MAP_TILE_URL": settings.MAP_TILE_URL, "SITE_URL": settings.SITE_URL}
