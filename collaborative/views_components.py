"""The component page: every piece of the interface in all its states. Only served with DEBUG."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reports import charts
from teams.templatetags.ui import icon_names

_DAY = date(2025, 7, 5)


class SampleForm(forms.Form):
    """Fields of every kind, as forms of the product have them."""

    name = forms.CharField(label="Name of the practice site", help_text="As patients know it.")
    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(label="Role", choices=[("", "Choose"), ("lead", "Group lead")])
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    basis = forms.ChoiceField(
        label="How is race recorded?",
        widget=forms.RadioSelect,
        choices=[("self", "The patient says it"), ("staff", "Staff fill it in")],
    )
    agree = forms.BooleanField(label="The numbers may be shown to our coach")
    code = forms.CharField(label="Group code", disabled=True, required=False, initial="G03")


class SampleUpload(forms.Form):
    file = forms.FileField(label="Member-level file")


class SampleFilter(forms.Form):
    measure = forms.ChoiceField(
        choices=[("", "All measures"), ("CBP", "Controlling high blood pressure")]
    )
    period = forms.ChoiceField(choices=[("2024", "2024"), ("2023", "2023")])
    strata = forms.ChoiceField(label="Groups", choices=[("race", "Race and ethnicity")])
    line = forms.ChoiceField(label="Line of business", choices=[("", "All")])


def _rate(
    label: str,
    numerator: int,
    denominator: int,
    interval: tuple[float, float],
    gap: tuple[float, float, float] | None = None,
    **more: Any,
) -> charts.StratumRate:
    return charts.StratumRate(
        label,
        rate=numerator / denominator,
        lower=interval[0] / 100,
        upper=interval[1] / 100,
        numerator=numerator,
        denominator=denominator,
        gap_points=gap[0] if gap else None,
        gap_lower=gap[1] if gap else None,
        gap_upper=gap[2] if gap else None,
        **more,
    )


def _pressure() -> charts.GapStrip:
    return charts.GapStrip(
        "Controlling high blood pressure",
        "2024",
        True,
        (
            _rate(
                "American Indian or Alaska Native",
                24,
                38,
                (47.3, 76.6),
                (-12.2, -28.0, 2.7),
                decimals=0,
            ),
            _rate("Asian", 286, 373, (72.1, 80.7), (1.6, -3.1, 5.8)),
            _rate("Black", 412, 623, (62.3, 69.7), (-9.0, -13.2, -4.8)),
            _rate("Hispanic or Latino", 512, 745, (65.3, 71.9), (-6.4, -10.1, -2.6)),
            charts.StratumRate("Native Hawaiian", absence=charts.Absence.SUPPRESSED),
            charts.StratumRate("Some other race", absence=charts.Absence.TOO_FEW),
            _rate("White", 1843, 2453, (73.4, 76.8), is_reference=True),
        ),
        target=0.8,
    )


def _poor_control() -> charts.GapStrip:
    return charts.GapStrip(
        "Poor glucose control (HbA1c over 9%)",
        "2024",
        False,
        (
            _rate("Asian", 61, 290, (16.7, 26.1), (-2.9, -8.0, 2.8)),
            _rate("Black", 122, 401, (26.1, 35.1), (6.5, 1.2, 12.0)),
            _rate("Hispanic or Latino", 131, 410, (27.6, 36.6), (8.1, 2.8, 13.6)),
            _rate(
                "Two or more races",
                6,
                27,
                (10.6, 40.8),
                (-1.6, -14.0, 17.4),
                decimals=0,
                caution=True,
            ),
            _rate("White", 398, 1670, (21.9, 25.9), is_reference=True),
            charts.StratumRate("Native Hawaiian", absence=charts.Absence.NO_DENOMINATOR),
        ),
    )


def _trend() -> charts.Trend:
    def points(*values: tuple[float, float, float] | None) -> tuple[charts.TrendPoint, ...]:
        return tuple(
            charts.TrendPoint(absence=charts.Absence.SUPPRESSED)
            if v is None
            else charts.TrendPoint(v[0] / 100, v[1] / 100, v[2] / 100)
            for v in values
        )

    return charts.Trend(
        "Controlling high blood pressure",
        ("2019", "2020", "2021", "2022", "2023", "2024"),
        (
            charts.TrendSeries(
                "White",
                points(
                    (79.0, 77.4, 80.6), (80.1, 78.5, 81.7), (75.0, 73.3, 76.7),
                    (74.7, 73.0, 76.4), (74.9, 73.2, 76.6), (75.1, 73.4, 76.8),
                ),
                True,
            ),
            charts.TrendSeries(
                "Black",
                points(
                    (67.4, 63.2, 71.4), (68.7, 64.6, 72.6), (60.1, 56.0, 64.1),
                    (61.9, 58.0, 65.7), (63.8, 60.0, 67.5), (66.1, 62.3, 69.7),
                ),
            ),
            charts.TrendSeries(
                "Hispanic",
                points(
                    (73.1, 69.2, 76.7), (74.8, 71.0, 78.2), None,
                    (69.0, 65.4, 72.4), (68.1, 64.6, 71.4), (68.7, 65.3, 71.9),
                ),
            ),
        ),
        True,
        breaks=(charts.SeriesBreak(2, "Telehealth readings count"),),
    )  # fmt: skip


def _peers() -> charts.PeerComparison:
    return charts.PeerComparison(
        "Gap between Black and White patients, you and your peers",
        (
            charts.PeerRow("Blood pressure control", -9.0, (-10, -7, -4), 11),
            charts.PeerRow("Breast cancer screening", 1.2, (-4, -2, 1), 10),
            charts.PeerRow("Colorectal screening", -4.4, (-9, -6, -3), 11),
            charts.PeerRow(
                "Prenatal care", None, (-8, -5, -1), 7, absence=charts.Absence.SUPPRESSED
            ),
            charts.PeerRow("Asthma medication", -3.0, None, 3),
        ),
        unit="points",
        direction="Smaller gap →",
    )


def _completeness() -> charts.Completeness:
    return charts.Completeness(
        "Race",
        (
            charts.CompletenessRow(
                "All sites",
                {"self_reported": 5120, "other_direct": 930, "indirect": 4310, "declined": 240,
                 "unknown": 820, "not_collected": 1450},
            ),
            charts.CompletenessRow(
                "Harbor Street Clinic",
                {"self_reported": 2890, "other_direct": 210, "indirect": 620, "declined": 130,
                 "unknown": 90, "not_collected": 60},
            ),
            charts.CompletenessRow(
                "Mill River Family Health",
                {"self_reported": 410, "other_direct": 300, "indirect": 1900, "unknown": 400,
                 "not_collected": 900},
            ),
            charts.CompletenessRow("Northfield Pediatrics"),
        ),
    )  # fmt: skip


def _sites() -> charts.SiteGaps:
    def white(numerator: int, denominator: int) -> charts.StratumRate:
        return charts.StratumRate(
            "White", numerator / denominator, numerator=numerator, denominator=denominator,
            is_reference=True,
        )  # fmt: skip

    return charts.SiteGaps(
        "Controlling high blood pressure",
        "2024",
        "Black",
        "White",
        True,
        (
            charts.SitePair(
                "Harbor Street Clinic",
                _rate("Black", 150, 248, (54.3, 66.4), (-15.4, -22.1, -8.6)),
                white(512, 675),
            ),
            charts.SitePair(
                "Mill River Family Health",
                _rate("Black", 131, 186, (63.5, 76.5), (-4.0, -11.7, 3.1)),
                white(640, 860),
            ),
            charts.SitePair(
                "Northfield Internal Medicine",
                _rate("Black", 96, 124, (69.3, 83.9), (2.9, -5.9, 10.1)),
                white(488, 655),
            ),
            charts.SitePair(
                "Summit Avenue",
                charts.StratumRate("Black", absence=charts.Absence.SUPPRESSED),
                white(203, 263),
            ),
        ),
    )


def _interactive() -> dict[str, Any]:
    periods = ["2019", "2020", "2021", "2022", "2023", "2024"]
    return {
        "data": [
            {"type": "scatter", "name": "White", "x": periods, "y": [79.0, 80.1, 75.0, 74.7, 74.9, 75.1],
             "mode": "lines+markers", "marker": {"symbol": "diamond", "size": 10, "color": "mark-ink"},
             "line": {"color": "mark-ink"}},
            {"type": "scatter", "name": "Black", "x": periods, "y": [67.4, 68.7, 60.1, 61.9, 63.8, 66.1],
             "mode": "lines+markers", "marker": {"symbol": "circle", "size": 9, "color": "mark-blue"},
             "line": {"color": "mark-blue"}},
        ],
        "layout": {"yaxis": {"ticksuffix": "%"}, "xaxis": {"type": "category"}, "height": 340},
    }  # fmt: skip


def _shell() -> dict[str, Any]:
    return {
        "nav": [
            {"label": "Home", "url": "#", "icon": "home", "active": False},
            {"label": "Equity dashboard", "url": "#", "icon": "gap", "active": True},
            {"label": "Report cards", "url": "#", "icon": "card", "active": False},
            {"label": "Data", "url": "#", "icon": "upload", "active": False},
            {"label": "People", "url": "#", "icon": "people", "active": False},
        ],
        "team_menu": [
            {"name": "Bayview Health Partners", "url": "#", "active": True},
            {"name": "Commonwealth Physicians Network", "url": "#", "active": False},
            {"name": "Merrimack Valley Care", "url": "#", "active": False},
        ],
        "role_label": "Payer analyst",
    }


def components_page(request: HttpRequest) -> HttpResponse:
    """Every component in all its states."""
    broken = SampleForm(
        {"name": "Mill River", "email": "not an address", "notes": "Kept as typed."}
    )
    broken.is_valid()
    strip = _pressure()
    context = {
        **_shell(),
        "crumbs": [
            {"label": "Bayview Health Partners", "url": "#"},
            {"label": "Equity dashboard", "url": "#"},
            {"label": "Blood pressure control", "url": ""},
        ],
        "tabs": [
            {"label": "Measures", "url": "#", "active": True, "count": 15},
            {"label": "Completeness", "url": "#", "active": False, "count": None},
            {"label": "Sites", "url": "#", "active": False, "count": 4},
        ],
        "form": SampleForm(),
        "broken": broken,
        "upload": SampleUpload(),
        "filter": SampleFilter(),
        "page": Paginator(range(1340), 50).page(3),
        "day": _DAY,
        "steps": [
            {"label": "Received", "state": "done", "detail": "1.6 GB, 10,000,000 rows", "share": None},
            {"label": "Validating", "state": "current", "detail": "3.1 of 10.0 million rows", "share": 0.31},
            {"label": "Loading", "state": "waiting", "detail": "", "share": None},
            {"label": "Computing", "state": "waiting", "detail": "", "share": None},
        ],
        "failed_steps": [
            {"label": "Received", "state": "done", "detail": "12 kB", "share": None},
            {"label": "Validating", "state": "failed", "detail": "31 of 300 rows are set aside: more than 5%",
             "share": None},
        ],
        "events": [
            {"title": "Report card published", "at": timezone.make_aware(datetime(2025, 7, 8, 9, 30)),
             "who": "Dana Whitfield", "text": "", "icon": "card"},
            {"title": "Reviewed", "at": timezone.make_aware(datetime(2025, 7, 7, 16, 2)),
             "who": "Luis Ortega", "text": "Numbers agree with the payer's file.", "icon": "eye"},
            {"title": "Data superseded", "at": _DAY, "who": "", "text": "", "icon": "history"},
        ],
        "facts": [
            {"label": "Measure", "value": "Controlling high blood pressure (CBP)"},
            {"label": "Direction", "value": "Higher is better"},
            {"label": "Method", "value": "Version 1.0, Wilson and Newcombe intervals"},
        ],
        "files": [
            {"label": "Equity report card", "url": "#", "format": "PDF", "size": 184_000, "note": ""},
            {"label": "All numbers", "url": "#", "format": "XLSX", "size": 41_200, "note": ""},
            {"label": "All numbers", "url": "#", "format": "CSV", "size": 9_120, "note": ""},
        ],
        "dialog_fields": [{"name": "card", "value": "7"}],
        "figure_downloads": [
            {"label": "CSV", "url": "#"},
            {"label": "SVG", "url": "#"},
            {"label": "PNG", "url": "#"},
        ],
        "strip": charts.draw_gap_strip(strip, ident="strip"),
        "inverse": charts.draw_gap_strip(_poor_control(), ident="inverse"),
        "printed": charts.draw_gap_strip(strip, ident="printed", for_print=True),
        "line": charts.draw_gap_line(strip, ident="line"),
        "inverse_line": charts.draw_gap_line(_poor_control(), ident="inverse-line"),
        "trend": charts.draw_trend(
            _trend(),
            ident="trend",
            finding="Black patients gained 4 points since 2022, and the gap to White patients is 9 points",
        ),
        "spark": charts.draw_sparkline(_trend(), ident="spark"),
        "peers": charts.draw_peer_band(_peers(), ident="peers"),
        "completeness": charts.draw_completeness(_completeness(), ident="completeness"),
        "sites": charts.draw_site_gaps(
            _sites(), ident="sites", finding="The gap is widest at one of four sites"
        ),
        "interactive": _interactive(),
        "icons": sorted(icon_names()),
    }  # fmt: skip
    return render(request, "components_page.html", context)
