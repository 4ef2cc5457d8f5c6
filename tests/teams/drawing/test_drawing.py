"""What every chart is drawn with: axes, coordinates, lines of text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teams.drawing.scale import free_scale, round_scale
from teams.drawing.svg import number, wrap


@given(st.lists(st.floats(0, 100), min_size=0, max_size=12))
def test_scale_is_round_and_holds_every_value(values):
    scale = round_scale(values, floor=0, ceiling=100)
    assert 0 <= scale.start < scale.end <= 100
    assert scale.end - scale.start >= 10
    assert all(scale.start <= v <= scale.end for v in values)
    assert scale.ticks[0] == scale.start and scale.ticks[-1] == scale.end
    assert len(scale.ticks) <= 8
    assert all(t == round(t) for t in scale.ticks)


def test_coordinates_must_be_finite():
    assert number(1.005) == "1" or number(1.005) == "1.01"
    assert number(-0.001) == "0"
    with pytest.raises(ValueError, match="finite"):
        number(float("nan"))


def test_long_names_wrap_and_then_end_in_an_ellipsis():
    assert wrap("Short", 200, 13) == ["Short"]
    lines = wrap("Native Hawaiian or Other Pacific Islander, not Hispanic", 120, 13)
    assert len(lines) == 2 and lines[-1].endswith("…")


@example([6.6e-304], 1e-4)
@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=12), st.sampled_from([1e-4, 1, 1e3]))
def test_scale_of_any_size_is_round_and_holds_every_value(values, size):
    values = [v * size for v in values]
    scale = free_scale(values, floor=0)
    slack = 1e-9 * max(1e-12, *map(abs, values))
    assert all(scale.start - slack <= v <= scale.end + slack for v in values)
    assert scale.start >= 0 and 2 <= len(scale.ticks) <= 12
