"""Third-party files of the front end, straight out of pinned wheels.

Nothing of other people's is committed: this staticfiles finder offers files of installed packages under
`vendor/`. plotly injects a style sheet at run time, which a strict content security policy forbids; its rules are read out of the bundle
and offered as `vendor/plotly.css`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files import File
from django.core.files.storage import Storage

PREFIX = "vendor/"
PLOTLY_CSS = "plotly.css"
PLOTLY_BUNDLE = "plotly.min.js"

#: name under vendor/ → (package, path inside it)
FILES: dict[str, tuple[str, str]] = {
    "htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
    PLOTLY_BUNDLE: ("plotly", "package_data/plotly.min.js"),
    "fonts/figtree.ttf": ("fontpkg_figtree", "files/Figtree[wght].ttf"),
    "fonts/figtree-italic.ttf": ("fontpkg_figtree", "files/Figtree-Italic[wght].ttf"),
    "fonts/newsreader.ttf": ("fontpkg_newsreader", "files/Newsreader[opsz,wght].ttf"),
}


class VendorFileMissing(Exception):
    """A pinned package does not hold what this project takes from it."""


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise VendorFileMissing(f"The package {package} is not installed; see requirements.txt.")
    return Path(spec.origin).parent


def vendor_path(name: str) -> Path:
    """Path of a vendor file, named without its `vendor/`.

    Raises VendorFileMissing when a package has changed, KeyError for a name that is not offered.
    """
    if name == PLOTLY_CSS:
        return _extracted_plotly_css()
    package, inside = FILES[name]
    path = _package_folder(package) / inside
    if not path.is_file():
        raise VendorFileMissing(f"{package} has no {inside}: has its version changed?")
    return path


_STRING = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_KEY = rf"(?:{_STRING}|\w+)"
_RULE_TABLE = re.compile(rf'\{{"X,X div":{_STRING}(?:,{_KEY}:{_STRING})+\}}')
_RULE = re.compile(rf"({_KEY}):({_STRING})")


def plotly_style_sheet(bundle: str) -> str:
    """The style sheet that plotly.js would inject, as CSS text.

    The bundle keeps its rules in one table from selector to declarations, where X stands for
    `.js-plotly-plot .plotly` and Y for `.plotly-notifier`. Raises VendorFileMissing when the table is not
    found: without these rules hovering over a chart is dead and its invisible layers swallow clicks.
    """
    table = _RULE_TABLE.search(bundle)
    if table is None:
        raise VendorFileMissing("The style rules of plotly.js were not found in its bundle.")
    lines = []
    for match in _RULE.finditer(table.group()):
        selector = match[1].strip("\"'")
        declarations = match[2][1:-1].replace("\\", "")
        selector = selector.replace("X", ".js-plotly-plot .plotly").replace("Y", ".plotly-notifier")
        lines.append(f"{selector} {{ {declarations} }}")
    return "\n".join(lines) + "\n"


def _extracted_plotly_css() -> Path:
    """The extracted style sheet as a file below STATE_DIR, made anew when the bundle is newer."""
    bundle = vendor_path(PLOTLY_BUNDLE)
    path = Path(settings.STATE_DIR) / "vendor" / PLOTLY_CSS
    if not path.is_file() or path.stat().st_mtime < bundle.stat().st_mtime:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed, so that a second process never reads half of it.
        fresh = path.with_name(f"{PLOTLY_CSS}.new")
        fresh.write_text(plotly_style_sheet(bundle.read_text(encoding="utf-8")), encoding="utf-8")
        fresh.replace(path)
    return path


class VendorStorage(Storage):
    """Read-only storage of the vendor files; names begin with `vendor/`."""

    prefix = None

    def exists(self, name: str) -> bool:
        return name.removeprefix(PREFIX) in {*FILES, PLOTLY_CSS}

    def path(self, name: str) -> str:
        return str(vendor_path(name.removeprefix(PREFIX)))

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(open(self.path(name), mode), name)


class VendorFinder(BaseFinder):
    """Finds `vendor/…` in installed packages, for runserver and for collectstatic."""

    storage = VendorStorage()

    def find(self, path: str, find_all: bool = False, **options: Any) -> Any:
        if not path.startswith(PREFIX) or not self.storage.exists(path):
            return []
        found = self.storage.path(path)
        return [found] if find_all or options.get("all") else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for name in (*FILES, PLOTLY_CSS):
            if not matches_patterns(PREFIX + name, list(ignore_patterns or [])):
                yield PREFIX + name, self.storage
