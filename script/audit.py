"""Ask the package index for known holes in what is pinned.

A hole fails. An index that cannot be asked, or does not know a package, is said and fails nothing: the answer
is about the world outside, and a check must be able to pass without it.
"""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Exit code 1 with the holes, 0 otherwise."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit"),
            *("--requirement", "requirements.txt", "--requirement", "requirements-dev.txt"),
            # Everything is pinned, so there is nothing to resolve.
            *("--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except ValueError:
        reason = (result.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"The package index could not be asked, nothing was audited: {reason}")
        return
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    holes = [package for package in packages if package.get("vulns")]
    print(f"{len(packages) - len(unknown)} packages audited, {len(unknown)} unknown to the index.")
    for package in holes:
        for hole in package["vulns"]:
            mended = ", ".join(hole["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}")
    if holes:
        sys.exit(1)


if __name__ == "__main__":
    main()
