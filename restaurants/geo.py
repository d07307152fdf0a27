"""Distances on the Earth and places on the Web Mercator plane (pure).

Web Mercator is conformal: plane distance near a latitude is great-circle distance
times 1/cos(latitude). Angles are degrees, lengths metres.
"""

import math

EARTH_RADIUS = 6_371_008.8  # IUGG mean radius, of the great-circle distance
MERCATOR_RADIUS = 6_378_137.0  # EPSG:3857
WORLD_WIDTH = 2 * math.pi * MERCATOR_RADIUS
# Beyond it the plane runs off to infinity; nobody delivers within 11 m of a pole.
LAST_LATITUDE = 89.9999


def great_circle_distance(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Return the haversine distance in metres (Sinnott, 1984)."""
    lat1, lat2 = math.radians(latitude), math.radians(other_latitude)
    dlat = lat2 - lat1
    dlon = math.radians(other_longitude - longitude)
    h = (
        math.sin(dlat / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(h)))


def to_plane(latitude: float, longitude: float) -> tuple[float, float]:
    """Return (x, y) in Web Mercator metres."""
    bounded = max(-LAST_LATITUDE, min(LAST_LATITUDE, latitude))
    x = MERCATOR_RADIUS * math.radians(longitude)
    y = MERCATOR_RADIUS * math.log(math.tan(math.pi / 4 + math.radians(bounded) / 2))
    return x, y


def degrees_of(distance: float) -> float:
    """Return the angle that a distance on the Earth spans, in degrees."""
    return math.degrees(distance / EARTH_RADIUS)
