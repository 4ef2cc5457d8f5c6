"""Settings of the test run: those of the product, with what a test run must have of its own.

DATABASE_URL and REDIS_URL come from the environment; `script/test` starts throw-away servers and sets them.
"""

import atexit
import os
import shutil
import tempfile
from urllib.parse import urlsplit, urlunsplit

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789abcdef" * 3)
# Files written by tests never land in the state folder of a running copy.
os.environ["STATE_DIR"] = tempfile.mkdtemp(prefix="collaborative-tests-")
os.mkdir(
    os.path.join(os.environ["STATE_DIR"], "static")
)  # WhiteNoise warns of a missing STATIC_ROOT
atexit.register(shutil.rmtree, os.environ["STATE_DIR"], ignore_errors=True)


def _redis_url_of_worker(url: str, worker: str) -> str:
    """URL with a database number of its own for each pytest-xdist worker ("gw0" → 1, "gw1" → 2)."""
    number = int(worker.removeprefix("gw")) + 1
    parts = urlsplit(url)
    if parts.scheme == "unix":
        # urlunsplit would write one slash, which is no address of a socket to anybody else.
        return f"unix://{parts.path}?db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


if os.environ.get("PYTEST_XDIST_WORKER") and "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = _redis_url_of_worker(
        os.environ["REDIS_URL"], os.environ["PYTEST_XDIST_WORKER"]
    )

from collaborative.settings import *
from collaborative.settings import DATABASES, STORAGES

if template := os.environ.get("TEST_TEMPLATE_OF"):  # set by tests.template_database only
    DATABASES["default"]["NAME"] = template

# The hashed names of the product need a build first; `tests/collaborative` tests that build.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# The slow hash is for real passwords; tests sign in hundreds of times.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
