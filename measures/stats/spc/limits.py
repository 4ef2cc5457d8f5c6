"""Centre line and limits of one phase, for each kind of chart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.stats.spc.series import ChartKind, DataKind, Series

#: Mean of the range of two standard normal numbers (d2), as control chart tables print it.
D2 = 1.128
#: Upper limit of a moving range chart as a multiple of its mean (D4).
D4 = 3.267

_DATA_OF = {
    ChartKind.P: DataKind.PROPORTION,
    ChartKind.P_PRIME: DataKind.PROPORTION,
    ChartKind.U: DataKind.RATE,
    ChartKind.U_PRIME: DataKind.RATE,
    ChartKind.C: DataKind.COUNT,
}


@dataclass(frozen=True, eq=False)
class Limits:
    """centre and sigma (per point) of a phase. NaN: not known; sigma 0: the baseline does not vary.

    sigma_z: how many times wider the points lie than chance alone would make them, as measured
    (P′ and U′ only). Counts cannot be negative and proportions not above 1: floor, ceiling.
    """

    centre: float
    sigma: NDArray[np.float64]
    floor: float = -np.inf
    ceiling: float = np.inf
    sigma_z: float | None = None

    def line(self, times: float) -> NDArray[np.float64]:
        """The line at so many sigma from the centre (negative: below), never beyond floor and ceiling."""
        return np.clip(self.centre + times * self.sigma, self.floor, self.ceiling)

    @property
    def lower(self) -> NDArray[np.float64]:
        return self.line(-3.0)

    @property
    def upper(self) -> NDArray[np.float64]:
        return self.line(3.0)


def check_fits(chart: ChartKind, data: DataKind) -> None:
    """Raises ValueError where a kind of chart is not made for a kind of data."""
    if chart in _DATA_OF and _DATA_OF[chart] != data:
        raise ValueError(f"A {chart} chart is not made for data of the kind “{data}”.")


def moving_ranges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances between neighbours. A missing neighbour leaves none: gaps are not bridged."""
    ranges = np.abs(np.diff(values))
    return ranges[np.isfinite(ranges)]


def mean_moving_range(values: NDArray[np.float64], *, screened: bool) -> float:
    """Mean moving range; NaN without two neighbours.

    screened: ranges of D4 times the mean and more are dropped once, so that one jump does not widen the
    limits. Where nothing is left the points do not vary: 0.
    """
    ranges = moving_ranges(values)
    if not len(ranges):
        return float("nan")
    if screened:
        ranges = ranges[ranges < D4 * ranges.mean()]
    return float(ranges.mean()) if len(ranges) else 0.0


def compute_limits(
    series: Series,
    chart: ChartKind,
    stretch: slice,
    baseline: slice,
    *,
    screened: bool = True,
    clamped: bool = True,
) -> Limits:
    """Centre and sigma for the points of `stretch`, from the useful points of `baseline` inside it.

    clamped: P′ and U′ never narrow the limits of P and U (sigma_z counts as 1 at least). Where all
    points are 0 or all are 100 %, and where clamped limits cannot be measured, they are those of P and U.

    Raises:
        ValueError: the chart is not made for such data.
    Source: Montgomery (2020), Introduction to Statistical Quality Control, ch. 6-7; Laney (2002),
        Quality Engineering 14:531-537.
    """
    check_fits(chart, series.kind)
    values = series.values
    counted = np.where(series.useful[baseline], values[baseline], np.nan)
    unknown = np.full(stretch.stop - stretch.start, np.nan)
    if not np.isfinite(counted).any():
        return Limits(float("nan"), unknown)
    if chart == ChartKind.RUN:
        return Limits(float(np.nanmedian(counted)), unknown)
    if chart == ChartKind.I:
        centre = float(np.nanmean(counted))
        if _is_constant(counted, series.tolerance):
            # A mean of equal numbers may be off in its last digit; the points lie on their line.
            centre = float(counted[np.isfinite(counted)][0])
        sigma = mean_moving_range(_flat(counted, series.tolerance), screened=screened) / D2
        return Limits(centre, np.full(len(unknown), sigma))
    if chart == ChartKind.C:
        centre = float(np.nanmean(counted))
        return Limits(centre, np.full(len(unknown), np.sqrt(centre)), floor=0.0)
    assert series.sizes is not None
    use = np.isfinite(counted)
    centre = float(series.numbers[baseline][use].sum() / series.sizes[baseline][use].sum())
    proportion = series.kind == DataKind.PROPORTION
    spread = centre * (1.0 - centre) if proportion else centre
    sizes = np.where(np.isfinite(values), series.sizes, np.nan)
    with np.errstate(divide="ignore"):
        sigma_all = np.sqrt(spread / sizes)
    sigma_z = None
    widen = 1.0
    if chart in (ChartKind.P_PRIME, ChartKind.U_PRIME) and spread > 0:
        z = (counted - centre) / sigma_all[baseline]
        sigma_z = mean_moving_range(z, screened=screened) / D2
        if not clamped:
            widen = sigma_z
        elif np.isfinite(sigma_z):
            widen = max(1.0, sigma_z)
    return Limits(
        centre,
        sigma_all[stretch] * widen,
        floor=0.0,
        ceiling=1.0 if proportion else np.inf,
        sigma_z=sigma_z,
    )


def _is_constant(values: NDArray[np.float64], tolerance: float) -> bool:
    return bool(np.nanmax(values) - np.nanmin(values) <= tolerance)


def _flat(values: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Constant points without the noise of their last digits, which screening would take for variation."""
    if _is_constant(values, tolerance):
        return np.where(np.isfinite(values), np.nanmin(values), np.nan)
    return values
