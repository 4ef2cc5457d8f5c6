"""The plain list is the markup of Django's own, so that everything that rests on it goes on."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.test import override_settings
from django.test.html import parse_html

from teams.plain_select import PlainSelect

CHOICES = [
    ("", "All & everybody"),
    ("<b>", "Tom's <i>choice</i>"),
    ("Groups", [(1, "First"), (2, "Second")]),
    (1234, "A number"),
]


@pytest.mark.parametrize("value", [None, "", "<b>", 2, "1234"])
@pytest.mark.parametrize(
    "attrs", [{}, {"id": "x", "disabled": True, "required": False, "data-n": 7}]
)
@override_settings(USE_THOUSAND_SEPARATOR=True)
def test_markup_is_that_of_django(value: Any, attrs: dict[str, Any]) -> None:
    plain, own = PlainSelect(choices=CHOICES), forms.Select(choices=CHOICES)
    drawn, wanted = plain.render("a", value, attrs), own.render("a", value, attrs)
    assert parse_html(drawn) == parse_html(wanted)
    assert drawn.count("selected") == 1
