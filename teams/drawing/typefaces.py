"""The two typefaces of pages, charts and documents, from pinned wheels (SIL Open Font License)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

SANS = "Figtree"
SERIF = "Newsreader"

_PACKAGES = ("fontpkg_figtree", "fontpkg_newsreader")


def font_folders() -> list[Path]:
    """Folders that hold the font files, for typst's `font_paths`.

    Raises ModuleNotFoundError when a pinned wheel is not installed.
    """
    folders = []
    for package in _PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(
                f"The package {package} is not installed; see requirements.txt."
            )
        folders.append(Path(spec.origin).parent / "files")
    return folders
