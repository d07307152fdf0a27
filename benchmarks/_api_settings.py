"""The site as it is, and beside its API views that answer with a constant."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks._api_urls"
