from __future__ import annotations

import numpy as np
import pytest

from measures.stats.bisg import CATEGORIES
from measures.stats.imputed import ValidityBins, bin_people, validity


def make(seed=1, size=20_000):
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.array([2.0, 0.8, 0.6, 0.4, 0.1, 0.1]), size)
    race = (p.cumsum(axis=1) < random.random(size)[:, None]).sum(axis=1).astype(np.int8)
    return random, p, race


def test_figures_are_the_plain_ones():
    _, p, race = make()
    for one in validity(bin_people(p, race)):
        column = CATEGORIES.index(one.group)
        is_group = race == column
        assert one.answered == len(race)
        assert one.expected_share == pytest.approx(p[:, column].mean())
        assert one.said_share == pytest.approx(is_group.mean())
        assert one.correlation == pytest.approx(np.corrcoef(p[:, column], is_group)[0, 1])
        assert one.brier == pytest.approx(((p[:, column] - is_group) ** 2).mean())
        assert abs(one.calibration) < 0.01 and one.covered == 1


def test_weighting_undoes_who_answers():
    random, p, race = make()
    black = CATEGORIES.index("black")
    # Who is probably Black answers less often.
    answers = random.random(len(race)) < 0.8 - 0.7 * p[:, black]
    said = np.where(answers, race, -1).astype(np.int8)
    bins = bin_people(p, said)
    plain, like = ({v.group: v for v in validity(bins, like_silent=w)} for w in (False, True))
    truth = (race[~answers] == black).mean()
    assert plain["black"].said_share < truth - 0.05
    assert like["black"].said_share == pytest.approx(truth, abs=0.02)
    assert like["black"].covered == 1


def test_bins_nobody_answered_in_are_told():
    p = np.zeros((4, 6))
    p[:, 0] = [0.05, 0.15, 0.15, 0.95]
    p[:, 1] = 1 - p[:, 0]
    bins = bin_people(p, np.array([1, 1, -1, -1], np.int8))
    white = validity(bins, like_silent=True)[0]
    assert white.covered == pytest.approx(0.5)


def test_nobody_answered():
    bins = bin_people(np.full((3, 6), 1 / 6), np.full(3, -1, np.int8))
    assert all(np.isnan(v.said_share) and v.answered == 0 for v in validity(bins))


def test_people_without_an_estimate_are_left_out_and_sums_add_up():
    _, p, race = make(size=300)
    p[:10] = np.nan
    whole = bin_people(p, race)
    assert whole.answered[0].sum() == 290
    parts = bin_people(p[:100], race[:100]) + bin_people(p[100:], race[100:])
    np.testing.assert_allclose(parts.packed(), whole.packed())
    with pytest.raises(ValueError, match="numbers"):
        ValidityBins.unpacked(np.zeros(3))
