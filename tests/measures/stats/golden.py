"""Reads the golden files of tests/golden/stats."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[2] / "golden" / "stats"


def two_sample(*names: str) -> list[np.ndarray]:
    """Columns of the 11 pairs; NaN where the implementation says that there is no number."""
    with (FOLDER / "two_sample.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11
    return [
        np.array([np.nan if row[name] == "undefined" else float(row[name]) for row in rows])
        for name in names
    ]


def read_json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())
