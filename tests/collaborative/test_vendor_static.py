"""Third-party front-end files come out of pinned wheels."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.management import call_command

from collaborative.vendor_static import (
    FILES,
    PLOTLY_BUNDLE,
    VendorFileMissing,
    plotly_style_sheet,
    vendor_path,
)
from teams.drawing.typefaces import font_folders

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", [*FILES, "plotly.css"])
def test_every_vendor_file_is_found(name):
    found = finders.find(f"vendor/{name}")
    assert Path(found).stat().st_size > 1000


def test_a_name_that_is_not_offered_is_not_found():
    assert finders.find("vendor/../settings.py") is None
    assert finders.find("vendor/jquery.js") is None


def test_the_first_bytes_say_that_fonts_are_fonts_and_htmx_is_version_2():
    assert vendor_path("fonts/figtree.ttf").read_bytes()[:4] == b"\x00\x01\x00\x00"
    assert vendor_path("fonts/newsreader.ttf").read_bytes()[:4] == b"\x00\x01\x00\x00"
    assert 'version:"2.' in vendor_path("htmx.min.js").read_text()


def test_plotly_style_sheet_holds_the_rules_that_make_hover_work():
    css = vendor_path("plotly.css").read_text()
    assert re.search(r"\.main-svg \{[^}]*pointer-events:none", css)
    assert re.search(r"\.draglayer \{[^}]*pointer-events:all", css)
    assert ".plotly-notifier" in css
    assert not re.search(r"(^|[ ,])[XY][ ,.:{]", css, re.MULTILINE)


def test_a_bundle_without_rules_is_refused():
    with pytest.raises(VendorFileMissing, match="were not found"):
        plotly_style_sheet("var a = {'X,X div': 1}")


def test_chart_head_names_the_map_style_element_of_the_pinned_bundle():
    bundle = vendor_path(PLOTLY_BUNDLE).read_text()
    ident = re.search(r'document\.getElementById\("([0-9a-f]{64})"\)', bundle)
    head = (ROOT / "templates/components/interactive_chart_head.html").read_text()
    assert ident and f'id="{ident[1]}"' in head


def test_typefaces_for_documents_are_where_the_renderer_looks():
    files = {path.name for folder in font_folders() for path in folder.glob("*.ttf")}
    assert {"Figtree[wght].ttf", "Newsreader[opsz,wght].ttf"} <= files


def test_production_build_hashes_every_static_file(tmp_path, settings):
    """All addresses inside style sheets resolve, or the build fails here and not at the customer's."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    built = StaticFilesStorage(location=tmp_path)
    tokens = next(path for path in tmp_path.glob("css/tokens.*.css"))
    assert re.search(r"vendor/fonts/figtree\.[0-9a-f]{12}\.ttf", tokens.read_text())
    assert built.exists("staticfiles.json")
