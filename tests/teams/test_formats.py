"""How numbers are written, and the template tags that write them."""

import pytest
from django.template import Context, Template

from teams.formats import (
    format_bytes,
    format_count,
    format_percent,
    format_points,
    format_ratio,
)


@pytest.mark.parametrize(
    ("points", "digits", "text"),
    [
        (-9.84, 1, "−9.8"),
        (1.25, 1, "+1.2"),
        (-0.04, 1, "0.0"),
        (0.04, 1, "0.0"),
        (-0.4, 0, "0"),
        (-12, 0, "−12"),
        (1234.5, 1, "+1,234.5"),
    ],
)
def test_points_carry_a_sign_only_when_they_are_not_zero(points, digits, text):
    assert format_points(points, digits) == text


def test_rates_counts_and_ratios_read_as_people_write_them():
    assert format_percent(0.6613) == "66.1%"
    assert format_percent(1, 0) == "100%"
    assert format_percent(-0.0001) == "0.0%"
    assert format_count(1234567) == "1,234,567"
    assert format_ratio(0.871) == "0.87"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_refused(bad):
    for form in (format_percent, format_points, format_ratio):
        with pytest.raises(ValueError, match="not a number"):
            form(bad)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (9_120, "9 kB"), (999_600, "1.0 MB"), (1_600_000_000, "1.6 GB")],
)
def test_file_sizes_change_unit_before_four_digits(size, text):
    assert format_bytes(size) == text


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


def test_filters_write_a_missing_number_as_a_dash():
    assert render("{{ none|percent }} {{ none|points }} {{ none|count }}", none=None) == "– – –"
    assert render("{{ rate|percent:0 }}", rate=0.5) == "50%"


def test_icon_is_decorative_without_a_label_and_named_with_one():
    assert 'aria-hidden="true"' in render('{% icon "lock" %}')
    named = render("{% icon 'lock' label=label %}", label='Private "x"')
    assert 'role="img"' in named and "Private &quot;x&quot;" in named


def test_icon_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no icon called 'padlock'"):
        render('{% icon "padlock" %}')


def test_query_with_keeps_the_other_values(rf):
    request = rf.get("/findings", {"rule": "code", "page": "2"})
    assert render("{% query_with page=3 %}", request=request) == "?rule=code&amp;page=3"
    assert render("{% query_with page=none %}", request=request, none=None) == "?rule=code"
