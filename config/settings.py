"""All settings, read from the environment; safe when nothing is set."""

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django_stubs_ext
import environ
from django.templatetags.static import static
from django.urls import reverse_lazy

from config import api_settings

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
# What a running bin/run uses, so that commands beside it reach the same servers.
if "DATABASE_URL" not in env:
    env.read_env(DATA_DIR / "environment")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and DEBUG:
    SECRET_KEY = "development-only-" + "x" * 50
# What ids in the API are made with: another key makes other ids, so it stays when the
# secret key is changed.
ID_KEY = env.str("ID_KEY", default=SECRET_KEY)
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
# Where pages and apps listen for news (config/streams/): a server on the next port, or,
# behind a proxy that sends there what ends in /stream/ or /stream, the site itself.
_site = urlsplit(SITE_URL)
_streams_host = f"{_site.netloc.rpartition(':')[0]}:{(_site.port or 0) + 1}"
STREAMS_URL = env.str(
    "STREAMS_URL",
    default=f"{_site.scheme}://{_streams_host}" if _site.port else SITE_URL,
).rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    # Its default configuration would put a site of its own in place of the operators'.
    "unfold.apps.BasicAppConfig",
    "config.admin_config.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "phonenumber_field",
    "push_notifications",
    "anymail",
    "rest_framework",
    "oauth2_provider",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "delivery",
    "orders",
    "menus",
    "restaurants",
    "customers",
    "notifications",
]

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.PrivatePagesMiddleware",
    "config.middleware.ApiAnswersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.LanguageOfUserMiddleware",
    "customers.middleware.RememberBrowserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.ContentPolicyMiddleware",
    "config.middleware.RefuseNulMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.site",
                "config.context_processors.header",
                "notifications.context_processors.inbox",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///tiffin")}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# random_page_cost: the nearest-restaurants query must walk the GiST index, which the
# planner only believes to be cheap when random reads are priced as on an SSD.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    "-c random_page_cost=1.1 -c jit=off"
)
# What notifications/prepared.py sends is planned once for each connection. To be off
# behind a pooler that lends connections by the transaction and knows no statements.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = (
    5 if env.bool("PREPARED_STATEMENTS", default=True) else None
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# What may be lost: counts of attempts, and answers that are soon asked for again.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "tiffin-cache",
    }
}

# How often a password, a link or a code may be asked for (customers/throttling.py), by
# account and by the visitor's address.
LIMIT_ATTEMPTS = env.bool("LIMIT_ATTEMPTS", default=True)
# How many proxies of ours add to X-Forwarded-For; only what they wrote is believed.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)

CSRF_FAILURE_VIEW = "config.views.csrf_failure"

AUTH_USER_MODEL = "customers.User"
AUTHENTICATION_BACKENDS = ["customers.backends.AccountBackend"]
# Emails are unique among those who can sign in; the backend sees to it.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("customers:sign-in")
LOGIN_REDIRECT_URL = reverse_lazy("restaurants:restaurant-list")
LOGOUT_REDIRECT_URL = reverse_lazy("home")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# Straight from the source tree, so that a fresh clone needs no collectstatic.
if env.bool("STATIC_FROM_SOURCE", default=DEBUG):
    STATIC_ROOT = None
    STORAGES["staticfiles"]["BACKEND"] = (
        "whitenoise.storage.CompressedStaticFilesStorage"
    )

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = int(timedelta(days=60).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SECURE_COOKIES = env.bool("SECURE_COOKIES", default=not DEBUG)
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=SECURE_COOKIES)
SECURE_HSTS_SECONDS = env.int(
    "SECURE_HSTS_SECONDS", default=31_536_000 if SECURE_COOKIES else 0
)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_COOKIES
SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Pages run nothing inline. The two admin sites get a policy of their own, since the
# theme needs inline scripts and styles and evaluates expressions.
MAP_TILE_URL = env.str("MAP_TILE_URL", default="")
_tile_origin = "/".join(MAP_TILE_URL.split("/")[:3])
_streams_origin = "/".join(STREAMS_URL.split("/")[:3])
BACK_OFFICE_PATHS = ("/admin/", "/owner/")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", *([_tile_origin] if _tile_origin else [])],
        "connect-src": ["'self'", *([_streams_origin] if _streams_origin else [])],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

BACK_OFFICE_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    # Photos are shown before they are sent.
    "img-src": [*CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"], "blob:"],
}

# One green in both back offices, dark enough to be read on white and under white.
_greens = (
    *("#f0fdf4", "#dcfce7", "#bbf7d0", "#86efac", "#4ade80", "#22c55e"),
    *("#166534", "#14532d", "#0f3d22", "#0b2e1a", "#052e16"),
)
_shades = (50, *range(100, 1000, 100), 950)
BACK_OFFICE_LOOK = {
    "COLORS": {"primary": dict(zip(map(str, _shades), _greens, strict=True))},
    "SITE_ICON": lambda _request: static("img/icon.svg"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("img/icon.svg"),
        }
    ],
}
UNFOLD_OWNER = BACK_OFFICE_LOOK
# The operators' site alone has a search across everything.
UNFOLD = {
    **BACK_OFFICE_LOOK,
    "COMMAND": {
        "search_callback": "config.operator_search.search_everything",
        "show_history": True,
    },
    "SIDEBAR": {"command_search": True, "show_search": True},
}

GEOCODER_URL = env.str("GEOCODER_URL", default="")

# "consolemail://" prints, "smtp://..." sends; by default mail is kept as files.
if "EMAIL_URL" in env:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default="Tiffin <orders@tiffin.example>"
)
EMAIL_TIMEOUT = 10
# Links are mailed by a worker, and by the site itself while there is no broker.
MAIL_BY_WORKER = True

# An account with a provider is used when its secrets are there.
NOTIFICATIONS: dict[str, Any] = {
    "CA_BUNDLE": env.str("PROVIDERS_CA_BUNDLE", default=""),
    # Lets browsers' push services be on this machine, as the simulator's is.
    "ALLOW_LOCAL_ENDPOINTS": env.bool("ALLOW_LOCAL_ENDPOINTS", default=False),
    # How many a second a provider is given at most, where it has such a limit.
    "PER_SECOND": {
        name: env.float(f"{name.upper()}_PER_SECOND")
        for name in ("fcm", "apns", "webpush", "twilio", "smpp", "email")
        if f"{name.upper()}_PER_SECOND" in env
    },
    "DAYS_KEPT": env.int("NOTIFICATION_DAYS_KEPT", default=90),
}
if "FCM_SERVICE_ACCOUNT" in env:
    NOTIFICATIONS["FCM"] = {
        "service_account": env.json("FCM_SERVICE_ACCOUNT"),
        "url": env.str("FCM_URL", default="https://fcm.googleapis.com"),
    }
if "APNS_KEY" in env:
    NOTIFICATIONS["APNS"] = {
        "key": env.str("APNS_KEY", multiline=True),
        "key_id": env.str("APNS_KEY_ID"),
        "team_id": env.str("APNS_TEAM_ID"),
        "topic": env.str("APNS_TOPIC"),
        "url": env.str("APNS_URL", default="https://api.push.apple.com"),
    }
if "WEB_PUSH_KEY" in env:
    NOTIFICATIONS["WEB_PUSH"] = {
        "key": env.str("WEB_PUSH_KEY", multiline=True),
        "contact": env.str(
            "WEB_PUSH_CONTACT", default=f"mailto:{parseaddr(DEFAULT_FROM_EMAIL)[1]}"
        ),
    }
if "TWILIO_ACCOUNT_SID" in env:
    NOTIFICATIONS["TWILIO"] = {
        "account_sid": env.str("TWILIO_ACCOUNT_SID"),
        "auth_token": env.str("TWILIO_AUTH_TOKEN"),
        "sender": env.str("TWILIO_FROM"),
        "url": env.str("TWILIO_URL", default="https://api.twilio.com"),
    }
if "SMPP_URL" in env:
    _centre = urlsplit(env.str("SMPP_URL"))
    NOTIFICATIONS["SMPP"] = {
        "host": _centre.hostname,
        "port": _centre.port or 2775,
        "system_id": unquote(_centre.username or ""),
        "password": unquote(_centre.password or ""),
        "source": env.str("SMS_FROM"),
    }
# Regions with queues and workers of their own: "europe" makes "bulk.europe" a lane.
NOTIFICATION_REGIONS = env.list("NOTIFICATION_REGIONS", default=[])
# Whether open pages are told at once what arrives in an inbox (through Redis).
NOTIFICATIONS_LIVE = env.bool("NOTIFICATIONS_LIVE", default=True)
# Who shows it may read /metrics; without one there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Devices are kept and registered by this library; its senders are not used.
PUSH_NOTIFICATIONS_SETTINGS = {
    "UNIQUE_REG_ID": True,
    "UPDATE_ON_DUPLICATE_REG_ID": True,
}

# Mail providers tell of bounces and complaints at /anymail/ once this is set; it is
# "name:password", which they send as basic authentication.
ANYMAIL: dict[str, Any] = {}
if "ANYMAIL_WEBHOOK_SECRET" in env:
    ANYMAIL["WEBHOOK_SECRET"] = env.str("ANYMAIL_WEBHOOK_SECRET")

PHONENUMBER_DEFAULT_REGION = env.str("PHONE_REGION", default="US")

REST_FRAMEWORK = {
    # No passwords with each request: they could be guessed there without a limit. The
    # site's own pages ask with their session.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "customers.api.auth.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["customers.api.auth.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["customers.api.throttling.Throttle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # What is answered, `Accept` says alone.
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PARSER_CLASSES": ["config.api_parsing.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "config.api_schema.Schema",
    "EXCEPTION_HANDLER": "config.api_errors.answer",
}
# A refresh token works once: when one comes again, somebody has a copy of it, and all
# tokens of the same sign-in end.
OAUTH2_PROVIDER = {
    "SCOPES": {
        "customer": "Order, and keep one's own account.",
        "restaurant": "Run the restaurants that one is a member of.",
    },
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(timedelta(minutes=15).total_seconds()),
    "REFRESH_TOKEN_EXPIRE_SECONDS": int(timedelta(days=60).total_seconds()),
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # Only digests are kept; and of what the library's own endpoints, which are not
    # served, would still allow, nothing is.
    **{
        f"COMPLIANT_BCP_RFC9700_{part}": True
        for part in (
            *("TOKEN_STORAGE", "IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD"),
            *("ACCESS_TOKEN_TRANSPORT", "AUTHZ_RESPONSE_ISS"),
        )
    },
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
}

SPECTACULAR_SETTINGS = api_settings.SPECTACULAR_SETTINGS

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_TIME_LIMIT = 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 90,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "health_check_interval": 10,
    "global_keyprefix": "tiffin:",
    # Publishing gives up at once: the sweep rings again, and nobody's order waits.
    "max_retries": 0,
}
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_BEAT_SCHEDULE = {
    "cancel-unanswered-orders": {
        "task": "orders.tasks.cancel_unanswered_orders",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "finish-pending-ends": {
        "task": "orders.tasks.finish_pending_ends",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 2},
    },
    "escalate-untouched-orders": {
        "task": "orders.tasks.escalate_untouched_orders",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "watch-boards": {
        "task": "restaurants.tasks.watch_boards",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "refresh-open-spans": {
        "task": "restaurants.tasks.refresh_stale_open_spans",
        "schedule": timedelta(hours=1),
    },
    "refresh-search-words": {
        "task": "restaurants.tasks.refresh_search_words",
        "schedule": timedelta(hours=6),
    },
    "clear-sessions": {
        "task": "customers.tasks.clear_sessions",
        "schedule": timedelta(days=1),
    },
    "clear-tokens": {
        "task": "customers.tasks.clear_tokens",
        "schedule": timedelta(days=1),
    },
    "forget-old-guests": {
        "task": "orders.tasks.forget_old_guests",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "drop-old-carts": {
        "task": "orders.tasks.drop_old_carts",
        "schedule": timedelta(days=1),
    },
    "turn-days": {
        "task": "notifications.tasks.turn_days",
        "schedule": timedelta(hours=1),
    },
    "launch-campaigns": {
        "task": "notifications.tasks.launch_campaigns",
        "schedule": timedelta(seconds=5),
        # A launch may take longer than that; what beat sends meanwhile is not piled up.
        "options": {"expires": 5},
    },
    "sweep-notifications": {
        "task": "notifications.tasks.sweep_notifications",
        "schedule": timedelta(seconds=5),
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "config.request_ids.AddRequestId"}},
    "formatters": {
        "line": {"format": "%(levelname)s %(name)s: %(message)s%(request_mark)s"}
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    # A 4xx is the visitor's news, not the operator's.
    "loggers": {"django.request": {"level": "ERROR"}},
}
