"""The file of a group whose system gives out no rows of patients: FHIR summary MeasureReports with stratifiers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

_CONCEPTS = {"race": "sde-race", "ethnicity": "sde-ethnicity", "sex": "sde-sex"}


def write_measure_reports(rows: pl.DataFrame, path: Path, *, group: str) -> None:
    """One report per measure and period of rows in contract v1. The same rows give the same bytes."""
    reports = [
        _report(part, group=group, measure=str(measure), year=str(year))
        for (measure, year), part in sorted(
            rows.partition_by("measure_id", "period", as_dict=True).items()
        )
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": report} for report in reports],
    }
    path.write_text(json.dumps(bundle, indent=1) + "\n", encoding="utf-8")


def _report(rows: pl.DataFrame, *, group: str, measure: str, year: str) -> dict[str, Any]:
    stratifiers = []
    for column, code in _CONCEPTS.items():
        said = rows[column].fill_null("").replace("", "NASK")
        texts = said.unique().sort().to_list()
        stratifiers.append(
            {
                "code": [{"coding": [{"code": code}]}],
                "stratum": [
                    {
                        "value": {"text": text},
                        "population": _population(rows.filter(said == text)),
                    }
                    for text in texts
                ],
            }
        )
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": f"https://bellwether.example/fhir/Measure/{measure}|{year}.1",
        "period": {"start": f"{year}-01-01", "end": f"{year}-12-31"},
        "reporter": {"identifier": {"value": group}},
        "group": [{"population": _population(rows), "stratifier": stratifiers}],
    }


def _population(rows: pl.DataFrame) -> list[dict[str, Any]]:
    counted = rows.filter(pl.col("denominator") == 1)
    counts = {
        "denominator": counted.height,
        "denominator-exclusion": counted.filter(pl.col("exclusion") == 1).height,
        "numerator": counted.filter((pl.col("numerator") == 1) & (pl.col("exclusion") == 0)).height,
    }
    return [
        {"code": {"coding": [{"code": code}]}, "count": count} for code, count in counts.items()
    ]
