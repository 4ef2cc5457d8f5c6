# Sourced by the scripts beside it: goes to the project's folder and sees that .venv holds what $1 lists.

cd "$(dirname "$0")/.." || exit 1
project=$(pwd)

find_python() {
    # A name on PATH may be a stub that does not run, so each candidate is asked.
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        found=$(command -v "$candidate" 2>/dev/null) || continue
        if "$found" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
            >/dev/null 2>&1
        then
            printf '%s\n' "$found"
            return
        fi
    done
    return 1
}

set_up() {
    if ! python=$(find_python); then
        seen=$(python3 --version 2>/dev/null || echo "none")
        echo "Python 3.11, 3.12 or 3.13 with its venv module is needed and was not found (python3: $seen);" \
            "on Debian or Ubuntu: apt-get install python3-venv." >&2
        exit 1
    fi
    PYTHONUNBUFFERED=1 "$python" "$project/script/install.py" "$1" || exit 1
    python=$project/.venv/bin/python
}
