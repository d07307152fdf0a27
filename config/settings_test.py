"""The same settings, made fast and offline."""

import os

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("SECURE_COOKIES", "false")
os.environ.setdefault("STATIC_FROM_SOURCE", "true")

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Each worker's counts are its own.
CACHES["default"]["KEY_PREFIX"] = os.environ.get("PYTEST_XDIST_WORKER", "alone")  # noqa: F405
# Found when they are asked for: each client would list hundreds of files before its
# first request.
WHITENOISE_AUTOREFRESH = True
# All tests come from one address; those of the limits turn them on.
LIMIT_ATTEMPTS = False
# Nobody works, and nobody listens.
MAIL_BY_WORKER = False
STREAMS_URL = ""
NOTIFICATIONS_LIVE = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# The words of the topics that tests declare.
TEMPLATES[0]["DIRS"].append(BASE_DIR / "notifications/tests/templates")  # type: ignore[attr-defined] # noqa: F405
