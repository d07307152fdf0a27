"""A Nominatim server, by its JSON API."""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from customers.geocoding.base import GeocoderUnavailableError, Place

TIMEOUT_SECONDS = 4.0
MAX_ANSWER_BYTES = 1_000_000
LOCALITY_KEYS = ("city", "town", "village", "municipality", "suburb", "hamlet")


class NominatimGeocoder:
    def __init__(self, base_url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ValueError("GEOCODER_URL must start with http:// or https://")
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout

    def search(self, text: str, *, limit: int) -> list[Place]:
        """Find places by name or address, best first."""
        if not text.strip():
            return []
        found = self._ask("search", {"q": text.strip(), "limit": str(limit)})
        if not isinstance(found, list):
            raise GeocoderUnavailableError("The geocoder sent something unexpected.")
        return [_to_place(entry) for entry in found[:limit]]

    def list_around(
        self, *, latitude: float, longitude: float, limit: int
    ) -> list[Place]:
        """Name the point itself: the server knows addresses, not surroundings."""
        found = self._ask("reverse", {"lat": f"{latitude}", "lon": f"{longitude}"})
        if not isinstance(found, dict):
            raise GeocoderUnavailableError("The geocoder sent something unexpected.")
        # In the middle of an ocean there is nothing to name.
        return [] if "error" in found else [_to_place(found)][:limit]

    def _ask(self, action: str, parameters: dict[str, str]) -> Any:
        query = urlencode(parameters | {"format": "jsonv2", "addressdetails": "1"})
        request = Request(  # noqa: S310  # the scheme was checked at the start
            f"{self._base_url}/{action}?{query}",
            headers={"User-Agent": "Tiffin", "Accept": "application/json"},
        )
        try:
            with urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                return json.loads(answer.read(MAX_ANSWER_BYTES))
        except (URLError, HTTPException, OSError, ValueError) as error:
            raise GeocoderUnavailableError("The geocoder did not answer.") from error


def _to_place(entry: Any) -> Place:
    try:
        address = entry.get("address", {})
        street = " ".join(
            part
            for part in (address.get("house_number", ""), address.get("road", ""))
            if part
        )
        locality = next((address[key] for key in LOCALITY_KEYS if key in address), "")
        return Place(
            label=str(entry["display_name"]),
            latitude=float(entry["lat"]),
            longitude=float(entry["lon"]),
            street_address=street,
            locality=str(locality),
            postal_code=str(address.get("postcode", "")),
            country=str(address.get("country_code", "")).upper(),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise GeocoderUnavailableError(
            "The geocoder sent something unexpected."
        ) from error
