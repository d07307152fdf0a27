"""From what a person types to a place on the map, and back."""

from customers.geocoding.base import Geocoder, GeocoderUnavailableError, Place
from customers.geocoding.choice import get_geocoder

__all__ = ["Geocoder", "GeocoderUnavailableError", "Place", "get_geocoder"]
