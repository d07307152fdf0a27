"""Which geocoder this site uses."""

from functools import lru_cache

from django.conf import settings

from customers.geocoding.base import Geocoder
from customers.geocoding.nominatim import NominatimGeocoder
from customers.geocoding.offline import OfflineGeocoder


@lru_cache(maxsize=4)
def _make_geocoder(url: str) -> Geocoder:
    return NominatimGeocoder(url) if url else OfflineGeocoder()


def get_geocoder() -> Geocoder:
    """Get the one at GEOCODER_URL, or the offline one when that is empty."""
    return _make_geocoder(settings.GEOCODER_URL)
