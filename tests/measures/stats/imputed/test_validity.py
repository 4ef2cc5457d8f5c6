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


def few_people(white, said):
    """People who are White or Black with these probabilities."""
    p = np.zeros((len(white), 6))
    p[:, CATEGORIES.index("white")] = white
    p[:, CATEGORIES.index("black")] = 1 - np.array(white)
    return bin_people(p, np.array(said, np.int8))


def test_sums_of_few_people_by_hand():
    bins = few_people([1.0, 0.25, 0.25, 0.9375], [0, 1, -1, -1])

    def tenths(of):
        return [{n: v for n, v in enumerate(row) if v} for row in getattr(bins, of).tolist()[:2]]

    # White, Black; the last tenth has its upper end.
    assert tenths("answered") == [{2: 1, 9: 1}, {0: 1, 7: 1}]
    assert tenths("p") == [{2: 0.25, 9: 1}, {7: 0.75}]
    assert tenths("pp") == [{2: 0.0625, 9: 1}, {7: 0.5625}]
    assert tenths("said") == [{9: 1}, {7: 1}]
    assert tenths("p_said") == [{9: 1}, {7: 0.75}]
    assert tenths("silent") == [{2: 1, 9: 1}, {0: 1, 7: 1}]
    assert tenths("silent_p") == [{2: 0.25, 9: 0.9375}, {0: 0.0625, 7: 0.75}]


def test_figures_of_few_people_by_hand():
    bins = few_people([1.0, 0.25, 0.25, 0.25, 0.25, 0.5], [0, 1, -1, -1, -1, -1])
    white = validity(bins)[0]
    assert (white.answered, white.expected_share, white.said_share) == (2, 0.625, 0.5)
    assert (white.calibration, white.brier, white.covered) == (0.125, 0.0625 * 9 / 18, 1)
    assert white.correlation == pytest.approx(1)
    # Of those who did not answer three are in the tenth of one who did, and one is in no such tenth.
    like = validity(bins, like_silent=True)[0]
    assert (like.answered, like.expected_share, like.said_share) == (2, 0.25, 0)
    assert (like.brier, like.covered) == (0.0625, 0.75)
    assert np.isnan(like.correlation)


def test_without_silent_people_there_is_nobody_to_be_like():
    bins = few_people([1.0, 0.25], [0, 1])
    like = validity(bins, like_silent=True)[0]
    assert like.answered == 2 and np.isnan([like.covered, like.said_share, like.brier]).all()
    assert validity(bins)[0].covered == 1
