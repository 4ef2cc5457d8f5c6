"""Settings. Everything that differs between installations comes from `collaborative.environment`."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF

from collaborative import environment

BASE_DIR = environment.REPOSITORY
STATE_DIR = environment.read("STATE_DIR")
DEBUG = environment.read("DEBUG")
SECRET_KEY = environment.read("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise environment.EnvironmentProblem(
            "SECRET_KEY is not set. Set it to a long random text, or start with script/run, which makes one."
        )
    SECRET_KEY = "development-only-" + hashlib.sha256(str(BASE_DIR).encode()).hexdigest()
DATA_KEY = environment.read("DATA_KEY") or SECRET_KEY
ALLOWED_HOSTS = environment.read("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environment.read("CSRF_TRUSTED_ORIGINS")
BASE_URL = environment.read("BASE_URL")
PROXY_COUNT = environment.read("PROXY_COUNT")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "teams",
    "measures",
    "pdsa",
    "grants",
    "learning",
    "reports",
    "collaborative",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "collaborative.middleware.RequestContextMiddleware",
]

ROOT_URLCONF = "collaborative.urls"
WSGI_APPLICATION = "collaborative.wsgi.application"

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
                "collaborative.context_processors.shell",
            ],
        },
    },
]

DATABASES = {"default": dj_database_url.parse(environment.read("DATABASE_URL"), conn_max_age=300)}
DATABASES["default"]["ATOMIC_REQUESTS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = environment.read("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

CELERY_BROKER_URL = REDIS_URL
if REDIS_URL.startswith(
    "unix://"
):  # Celery has its own way to write a socket and a database number
    CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace(
        "?db=", "?virtual_host="
    )
CELERY_TASK_IGNORE_RESULT = True
# Work is a state in the database, so a task that is lost or delivered twice does no harm.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "pick-up-waiting-submissions": {"task": "measures.tasks.sweep_submissions", "schedule": 60.0},
    "remind-of-what-is-due": {"task": "learning.tasks.remind", "schedule": 6 * 3600.0},
    # Numbers come in by day; a plan fires soon after them, and only once for a period.
    "watch-over-gains": {"task": "learning.tasks.watch_gains", "schedule": 1800.0},
    "send-waiting-messages": {"task": "teams.tasks.send_messages", "schedule": 30.0},
    "watch-over-grants": {"task": "grants.tasks.watch_over_grants", "schedule": 24 * 3600.0},
    "send-digests": {"task": "pdsa.tasks.send_digests", "schedule": 3600.0},
    "remind-of-tests": {"task": "pdsa.tasks.remind_of_tests", "schedule": 3600.0},
    "remind-of-trainings": {"task": "pdsa.tasks.remind_of_trainings", "schedule": 6 * 3600.0},
    "delete-old-files": {"task": "measures.tasks.delete_expired_files", "schedule": 6 * 3600.0},
}

AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = (
    "none"  # an account exists only through an invitation sent to that address
)
ACCOUNT_ADAPTER = "teams.adapters.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
# Lock-out: counted in the cache, so all processes share it. After five failures within fifteen minutes an
# address is refused, whether an account has it or not; the limit per network address slows guessing over many.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/15m/ip,5/15m/key"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second step is told to its owner
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers get no mail from here
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ALLAUTH_TRUSTED_PROXY_COUNT = PROXY_COUNT
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Health equity collaborative"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False

LANGUAGE_CODE = "en-us"
TIME_ZONE = environment.read("TIME_ZONE")
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "collaborative.vendor_static.VendorFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = STATE_DIR / "files"
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024**2
UPLOAD_LIMIT_BYTES = environment.read("UPLOAD_LIMIT_BYTES")
ATTACHMENT_LIMIT_BYTES = environment.read("ATTACHMENT_LIMIT_BYTES")
FILE_RETENTION_DAYS = environment.read("FILE_RETENTION_DAYS")

_email = urlsplit(environment.read("EMAIL_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.read("DEFAULT_FROM_EMAIL")
if _email.scheme == "smtp":
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _email.hostname or "localhost"
    EMAIL_PORT = _email.port or 25
    EMAIL_HOST_USER = unquote(_email.username or "")
    EMAIL_HOST_PASSWORD = unquote(_email.password or "")
    EMAIL_USE_TLS = parse_qs(_email.query).get("tls") == ["1"]
elif _email.scheme == "console":
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = STATE_DIR / "mail"

HTTPS = environment.read("HTTPS")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "teams.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # Every endpoint names its permission; one that names none answers nobody.
    "DEFAULT_PERMISSION_CLASSES": ["teams.authentication.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "teams.api.pagination.Pages",
    "STRICT_JSON": True,
    "EXCEPTION_HANDLER": "collaborative.api_errors.handle_exception",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Health equity learning collaborative",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENUM_NAME_OVERRIDES": {
        "AwardKindEnum": "grants.enums.AwardKind",
        "AwardStateEnum": "grants.enums.AwardState",
        "FigureStateEnum": "reports.api.serializers.STATES",
        # The package and the monthly synthesis have the same two states.
        "PublicationStateEnum": "learning.enums.PackageState",
        "ReportCardStateEnum": "reports.enums.CardState",
        "WorkstreamEnum": "pdsa.enums.Workstream",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
