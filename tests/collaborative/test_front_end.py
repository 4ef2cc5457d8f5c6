"""Rules of the front end that a reader cannot see at once: policy, colours, markup."""

import re
from pathlib import Path

import pytest

from teams.templatetags.ui import icon_names

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    path
    for folder in (ROOT, *(p for p in ROOT.iterdir() if p.is_dir()))
    if (folder / "templates").is_dir()
    for path in (folder / "templates").rglob("*.html")
    if "email" not in path.parts
)


def markup_only(text: str) -> str:
    return re.sub(r"{% comment %}.*?{% endcomment %}|{%.*?%}|{#.*?#}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_template_has_nothing_inline_that_the_policy_refuses(path):
    text = markup_only(path.read_text())
    assert not re.search(r"\sstyle=", text), "style attribute"
    assert "<style" not in text
    assert not re.search(r"\son[a-z]+=", text), "event attribute"
    assert "hx-on" not in text
    assert "javascript:" not in text
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, tag
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text), "something from another site"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_template_names_only_icons_that_exist(path):
    named = set(re.findall(r"""{% icon ["']([a-z0-9-]+)["']""", path.read_text()))
    named |= set(re.findall(r"""(?:\s|_)icon="([a-z0-9-]+)\"""", path.read_text()))
    assert named <= icon_names()


def test_policy_is_sent_with_every_page(client, db):
    policy = client.get("/account/login/").headers["Content-Security-Policy"]
    directives = dict(d.strip().split(" ", 1) for d in policy.split(";") if d.strip())
    assert directives["default-src"] == "'self'"
    assert directives["img-src"] == "'self' data: blob:"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy


# --- contrast: computed from the tokens themselves -------------------------------------------------------

_TOKEN = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TOKENS = {
    name: (light, dark)
    for name, light, dark in _TOKEN.findall((ROOT / "static/css/tokens.css").read_text())
}
GROUNDS = ("paper", "surface", "surface-sunk", "surface-raised")
TEXTS = [
    *(
        (text, ground)
        for text in ("ink", "ink-soft", "blue", "blue-strong", "orange")
        for ground in GROUNDS
    ),
    ("ink-faint", "paper"),
    ("ink-faint", "surface"),
    ("on-blue", "blue"),
    ("on-blue", "blue-strong"),
    ("blue-strong", "blue-soft"),
    ("orange-strong", "orange-soft"),
    ("orange", "orange-soft"),
    ("blue", "blue-soft"),
    ("ink", "blue-soft"),
    ("ink", "orange-soft"),
    ("ink", "grey-soft"),
]
GRAPHICS = [
    *(
        (mark, "surface")
        for mark in ("mark-blue", "mark-orange", "mark-grey", "mark-ink", "mark-band-line")
    ),
    *(("line-strong", ground) for ground in ("paper", "surface", "surface-sunk")),
    *(("focus", ground) for ground in GROUNDS),
]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb. Source: WCAG 2.2, definition of relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read_on_its_ground(text, ground, theme):
    index = ("light", "dark").index(theme)
    assert contrast(TOKENS[text][index], TOKENS[ground][index]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), GRAPHICS)
def test_mark_can_be_seen_on_its_ground(mark, ground, theme):
    index = ("light", "dark").index(theme)
    assert contrast(TOKENS[mark][index], TOKENS[ground][index]) >= 3
