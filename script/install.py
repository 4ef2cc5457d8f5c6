"""Make .venv hold exactly what a requirements file pins; nothing to do where it already does.

Runs on the machine's own Python and imports only the standard library.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENT = PROJECT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
# There while packages are being installed: an environment that still has it is half an environment.
UNFINISHED = ENVIRONMENT / "unfinished"
FREE_BYTES_NEEDED = 2_000_000_000


def main(name: str) -> None:
    """Install the packages of one requirements file of the project. Ends with one sentence where it cannot."""
    try:
        with (PROJECT / ".venv.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second script waits for the first
            if not is_installed(name):
                install(name)
    except OSError as problem:
        sys.exit(f"The environment cannot be made in {ENVIRONMENT}: {problem.strerror or problem}.")
    except subprocess.CalledProcessError as problem:
        reason = (problem.output or b"").decode(errors="replace").strip().splitlines()
        sys.exit(
            f"The environment cannot be made in {ENVIRONMENT}: {(reason or [str(problem)])[-1]}"
        )


def files_of(name: str) -> list[str]:
    """The file and the files that it includes."""
    text = (PROJECT / name).read_text()
    return [name, *re.findall(r"^-r +(\S+)", text, re.MULTILINE)]


def fingerprint(name: str) -> str:
    digest = hashlib.sha256()
    for file in files_of(name):
        digest.update((PROJECT / file).read_bytes())
    return digest.hexdigest()


def stamp(name: str) -> Path:
    return ENVIRONMENT / f"installed-{name}"


def runs() -> bool:
    """Whether the environment's Python starts: the one it was made from may have been removed."""
    try:
        return subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def is_installed(name: str) -> bool:
    try:
        return stamp(name).read_text() == fingerprint(name) and not UNFINISHED.exists() and runs()
    except FileNotFoundError:
        return False


def install(name: str) -> None:
    free = shutil.disk_usage(PROJECT).free
    if free < FREE_BYTES_NEEDED:
        sys.exit(
            f"There is not enough disk space: {PROJECT} has {free / 1e9:.1f} GB free, "
            f"{FREE_BYTES_NEEDED / 1e9:.0f} GB are needed."
        )
    if UNFINISHED.exists() or not runs():
        print(f"Making the environment in {ENVIRONMENT}", flush=True)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
    for file in ENVIRONMENT.glob("installed-*"):
        file.unlink()
    UNFINISHED.touch()
    count = sum("==" in line for file in files_of(name) for line in (PROJECT / file).open())
    print(f"Installing {count} packages; the first time takes a minute or two", flush=True)
    result = subprocess.run(
        [PYTHON, "-m", "pip", "install", "--no-input", "--requirement", PROJECT / name],
        env=os.environ
        | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
        | {"PIP_REQUIRE_VIRTUALENV": "1"},
        cwd=PROJECT,
        check=False,
    )
    if result.returncode != 0:
        sys.exit("Installing the packages did not work; pip's own message is above.")
    for file in files_of(name):
        stamp(file).write_text(fingerprint(file))
    UNFINISHED.unlink()


if __name__ == "__main__":
    main(sys.argv[1])
