"""Where pictures are, for who is not on this site."""

from functools import lru_cache
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.storage import default_storage
from django.templatetags.static import static

PICTURE_HELP = "A photo (WebP) or else a drawing (SVG); null where there is neither."


def picture_url(photo: str, drawing: str) -> str | None:
    """Return the whole address of a stored photo, or else of a drawing, by name."""
    if photo:
        return urljoin(f"{settings.SITE_URL}/", default_storage.url(photo))
    return _drawing_url(drawing) if drawing else None


@lru_cache(maxsize=4096)
def _drawing_url(name: str) -> str:
    return urljoin(f"{settings.SITE_URL}/", static(name))
