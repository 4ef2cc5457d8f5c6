"""Every environment variable that the system reads: its default, its meaning, its check.

The settings read through this table and nothing else reads ``os.environ``; ``docs/environment.md`` is generated
from it, so the document cannot drift from the code.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent


class EnvironmentProblem(Exception):
    """A variable is missing or unreadable; the message says which and what to write."""


def _text(value: str) -> str:
    return value


def _flag(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("write 1 or 0")


def _whole_number(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("write a whole number, 0 or more")
    return number


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _path(value: str) -> Path:
    return Path(value).expanduser().resolve()


@dataclass(frozen=True)
class Variable:
    """One environment variable. ``default`` is text, parsed like a value that was given."""

    name: str
    default: str
    parse: Callable[[str], Any]
    meaning: str
    needed_in_production: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable("DEBUG", "0", _flag, "Development aids: error pages, the component page. Never on a public address."),
    Variable("SECRET_KEY", "", _text, "Signs sessions and tokens. `script/run` makes one and keeps it in the state folder.", True),
    Variable("DATA_KEY", "", _text, "Key for hashing member keys and encrypting a group's own member keys. Derived from SECRET_KEY where empty."),
    Variable("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", _items, "Host names that the site answers to, separated by commas.", True),
    Variable("CSRF_TRUSTED_ORIGINS", "", _items, "Origins (scheme and host) that forms may come from behind a proxy."),
    Variable("HTTPS", "0", _flag, "The site is reached over HTTPS: secure cookies, HSTS, redirect.", True),
    Variable("BASE_URL", "http://localhost:8000", _text, "Address that links in e-mails start with.", True),
    Variable("DATABASE_URL", "postgres://collaborative@localhost/collaborative", _text, "PostgreSQL. Empty for `script/run`, which starts its own.", True),
    Variable("REDIS_URL", "redis://localhost:6379/0", _text, "Redis or Valkey: Celery's broker and the cache.", True),
    Variable("STATE_DIR", str(REPOSITORY / "var"), _path, "Uploaded files, mail written to disk, logs, data of embedded servers."),
    Variable("EMAIL_URL", "file:", _text, "`file:` writes mail into the state folder, `console:` prints it, `smtp://user:password@host:587?tls=1` sends it.", True),
    Variable("DEFAULT_FROM_EMAIL", "collaborative@localhost", _text, "Sender of e-mail.", True),
    Variable("TIME_ZONE", "America/New_York", _text, "Time zone in which dates are shown."),
    Variable("UPLOAD_LIMIT_BYTES", str(20 * 1024**3), _whole_number, "Largest file accepted, in bytes, also after decompression."),
    Variable("ATTACHMENT_LIMIT_BYTES", str(25 * 1000**2), _whole_number, "Largest attachment accepted, in bytes."),
    Variable("FILE_RETENTION_DAYS", "400", _whole_number, "Days after which uploaded files are deleted (they hold names)."),
    Variable("PORT", "8000", _whole_number, "Port that `script/run` answers on; `--port` goes before it."),
    Variable("LOAD_DEMO", "1", _flag, "`script/run` loads the demo collaborative into an empty database."),
    Variable("WEB_PROCESSES", "2", _whole_number, "Processes of the web server, each with 8 threads."),
    Variable("WORKER_PROCESSES", "2", _whole_number, "Processes of the worker that `script/run` starts."),
    Variable("PROXY_COUNT", "0", _whole_number, "Number of reverse proxies in front whose X-Forwarded-For is trusted."),
)  # fmt: skip

_BY_NAME = {variable.name: variable for variable in VARIABLES}


def read(name: str) -> Any:
    """Value of a declared variable; an empty one counts as not set.

    Raises EnvironmentProblem with a sentence that says how to mend it.
    """
    variable = _BY_NAME[name]
    value = os.environ.get(name) or variable.default
    try:
        return variable.parse(value)
    except ValueError as problem:
        raise EnvironmentProblem(
            f"Environment variable {name} cannot be read: {problem}."
        ) from problem


def environment_page() -> str:
    """The text of docs/environment.md."""
    rows = [
        f"| `{variable.name}` | {_shown_default(variable)} | {'yes' if variable.needed_in_production else ''} "
        f"| {variable.meaning} |"
        for variable in VARIABLES
    ]
    return "\n".join(
        [
            "# Environment variables",
            "",
            "Made from `collaborative/environment.py` by `manage.py write_docs`. An empty variable counts as not set.",
            "A value that cannot be read ends the start with a sentence; `manage.py check --deploy` names what a",
            "production site must set and has not.",
            "",
            "| variable | default | set it in production | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _shown_default(variable: Variable) -> str:
    text = variable.default.replace(f"{REPOSITORY}/", "")
    return f"`{text}`" if text else ""
