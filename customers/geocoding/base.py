"""What a geocoder takes and answers."""

from dataclasses import dataclass
from typing import Protocol


class GeocoderUnavailableError(Exception):
    """The geocoder did not answer, or answered with nonsense."""

    code = "geocoder_unavailable"


@dataclass(frozen=True, slots=True)
class Place:
    """A named point; WGS 84 degrees."""

    label: str
    latitude: float
    longitude: float
    street_address: str = ""
    locality: str = ""
    postal_code: str = ""
    country: str = ""


class Geocoder(Protocol):
    def search(self, text: str, *, limit: int) -> list[Place]:
        """Find places by name, best first; raises GeocoderUnavailableError."""

    def list_around(
        self, *, latitude: float, longitude: float, limit: int
    ) -> list[Place]:
        """List known places, nearest first; raises GeocoderUnavailableError."""
