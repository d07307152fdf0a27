"""The streams' server; the site itself is served by config/wsgi.py."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config.streams.server import application  # noqa: E402 - needs the apps

__all__ = ["application"]
