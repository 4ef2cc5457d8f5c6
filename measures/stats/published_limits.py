"""What figures beside the cells tell of the cells' counts, as limits for the exact check.

Tables of completeness give members in tens, by what is known of one field: whoever is "unknown" there
is in a hidden stratum of a measure too. Imputed rates give expected people in tens and rates in whole
percent; the direct answers behind them are the strata of a card.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf

from measures.stats.imputed_disclosure import PublishedImputed
from measures.stats.puzzle import Limit, Quantity
from measures.stats.rounding import published_members


def members_range(published: int) -> tuple[int, int]:
    """Fewest and most members that `published_members` writes like this."""
    like = [
        c for c in range(max(published - 9, 0), published + 6) if published_members(c) == published
    ]
    return like[0], like[-1]


def members_limits(
    *,
    measure: int,
    unit: int,
    total: int,
    categories: Sequence[tuple[tuple[int, ...], Sequence[int]]],
    counts_all: bool,
    figure: str = "members by what is known of them",
) -> Iterator[Limit]:
    """Limits of a measure that counts persons, each of them one of the members.

    total: the stratum of everyone. categories: (strata, members of the categories that are those strata,
    as published); together they are all members. counts_all: every member is in the measure, as where
    it is the only one; then readers may know that too.
    """
    ranges = [
        (strata, [members_range(members) for members in published])
        for strata, published in categories
    ]
    most_of_all = sum(high for _, of in ranges for _, high in of)
    for strata, of in ranges:
        here = {(Quantity.DENOMINATOR, stratum): 1.0 for stratum in strata}
        least, most = sum(low for low, _ in of), sum(high for _, high in of)
        yield Limit(measure, unit, here, least if counts_all else -inf, most, figure=figure)
        if not counts_all:
            # Who is a member and not in the measure could be missing here.
            everyone = {(Quantity.DENOMINATOR, total): -1.0}
            yield Limit(
                measure, unit, {**here, **everyone}, least - most_of_all, inf, figure=figure
            )


#: The name of imputed people of groups that have no rate.
REST = "rest"


def imputed_limits(
    *,
    measure: int,
    unit: int,
    shown: Mapping[str, PublishedImputed],
    groups: Sequence[str],
    imputed_about: float,
    unknown: int,
    figure: str = "imputed rates",
) -> Iterator[Limit]:
    """Limits of one unit and measure, strata numbered as the cells; other arguments as for `imputed_leaks`.

    groups: all that rates are made of; shown: what readers get of some. The imputed people stand in no
    cell: their names are those of `imputed_names`.
    """
    met, missed = Quantity.NUMERATOR, Quantity.MISSES
    for name, group in shown.items():
        hits = {(met, stratum): 1.0 for stratum in group.strata}
        misses = {(missed, stratum): 1.0 for stratum in group.strata}
        of_group = dict.fromkeys((f"{name} met", f"{name} missed"), 1.0)
        everybody = {**hits, **misses}
        yield Limit(
            measure, unit, everybody, group.expected - 5, group.expected + 5, of_group, figure
        )
        for sign in (1.0, -1.0):
            # sign × (met − rate × everybody) <= half a percent of everybody.
            of_hit, of_miss = sign * (1 - group.rate) - 0.005, -sign * group.rate - 0.005
            yield Limit(
                measure,
                unit,
                {**dict.fromkeys(hits, of_hit), **dict.fromkeys(misses, of_miss)},
                -inf,
                0.0,
                {f"{name} met": of_hit, f"{name} missed": of_miss},
                figure,
            )
    least = max(imputed_about - 5, 1.0) if imputed_about else 0.0
    most = imputed_about + 5 if imputed_about else 0.0
    names = imputed_names(groups)
    yield Limit(measure, unit, {}, least, most, dict.fromkeys(names, 1.0), figure)
    for quantity, kind in ((met, "met"), (missed, "missed")):
        of_kind = {name: 1.0 for name in names if name.endswith(f" {kind}")}
        yield Limit(measure, unit, {(quantity, unknown): -1.0}, -inf, 0.0, of_kind, figure)


def imputed_names(groups: Sequence[str]) -> list[str]:
    """Names of the imputed people of these groups and of those without a rate."""
    return [f"{group} {kind}" for group in (*groups, REST) for kind in ("met", "missed")]
