"""Ask for known holes in everything that is pinned: first the package index, then the OSV database.

Exit code 0: every pinned package was looked up and has no known hole. 1: there is a hole. 75: some or all of
it could not be asked, and what could has no hole. The answer lies in the world outside, so `script/check`
holds without it, and says at its end that this was not checked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
FILES = ("requirements.txt", "requirements-dev.txt")
#: Services of pip-audit, in the order in which they are asked.
SERVICES = ("pypi", "osv")
CLEAN, HOLES, NOT_ASKED = 0, 1, 75
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==")


def pinned_names(files: Iterable[Path]) -> set[str]:
    """Normalised names of what requirement files pin."""
    found = set()
    for file in files:
        for line in file.read_text().splitlines():
            if pin := _PIN.match(line):
                found.add(normalised(pin.group(1)))
    return found


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def ask(service: str) -> tuple[list[dict[str, Any]], str]:
    """What pip-audit says of each package, and why it says nothing."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--vulnerability-service", service),
            *(part for name in FILES for part in ("--requirement", name)),
            # Everything is pinned, so there is nothing to resolve.
            *("--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"),
            *("--timeout", "15"),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return json.loads(result.stdout)["dependencies"], ""
    except ValueError:
        return [], (result.stderr.strip().splitlines() or ["no answer"])[-1]


def verdict(wanted: set[str], answers: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """(exit code, lines to print) of the answers of all services about the packages wanted."""
    asked = {normalised(a["name"]): a for a in answers if "skip_reason" not in a}
    unknown = sorted(wanted - set(asked))
    lines = [f"{len(wanted) - len(unknown)} of {len(wanted)} pinned packages were looked up."]
    holes = [
        f"{a['name']} {a['version']}: {hole['id']}, mended in"
        f" {', '.join(hole['fix_versions']) or 'no version yet'}"
        for a in asked.values()
        for hole in a.get("vulns", ())
    ]
    if unknown:
        some = f" ({', '.join(unknown)})" if len(unknown) < 10 else ""
        lines.append(f"NOT AUDITED: {len(unknown)} packages{some}, nobody could be asked.")
    lines += holes or ([] if unknown else ["No known hole in any of them."])
    return HOLES if holes else NOT_ASKED if unknown else CLEAN, lines


def main() -> int:
    wanted = pinned_names(PROJECT / name for name in FILES)
    answers: list[dict[str, Any]] = []
    reasons = []
    for service in SERVICES:
        found, reason = ask(service)
        answers += [a for a in found if "skip_reason" not in a]
        if reason:
            reasons.append(f"{service}: {reason[:200]}")
        if wanted <= {normalised(a["name"]) for a in answers}:
            break
    code, lines = verdict(wanted, answers)
    print("\n".join([*lines, *(reasons if code == NOT_ASKED else [])]))
    return code


if __name__ == "__main__":
    sys.exit(main())
