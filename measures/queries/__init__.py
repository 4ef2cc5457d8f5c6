"""Every read of the measures app. Apps above read only from here; what comes out is what the reader may see."""

from measures.queries.catalogue import (
    get_default_source,
    get_definition,
    get_period,
    list_definitions,
    list_lines_of_business,
    list_periods,
    list_sources,
    list_stratum_sets,
)
from measures.queries.changes import DataChange, get_data_version, list_latest_changes
from measures.queries.completeness import CompletenessRow, list_completeness
from measures.queries.results import (
    Figure,
    PeerBand,
    SetResult,
    StratumLabel,
    UnitLabel,
    get_as_of,
    list_line_results,
    list_overview,
    list_peer_bands,
    list_programme_results,
    list_site_results,
    list_strata,
    list_team_results,
)

__all__ = [
    "CompletenessRow",
    "DataChange",
    "Figure",
    "PeerBand",
    "SetResult",
    "StratumLabel",
    "UnitLabel",
    "get_as_of",
    "get_data_version",
    "get_default_source",
    "get_definition",
    "get_period",
    "list_completeness",
    "list_definitions",
    "list_latest_changes",
    "list_line_results",
    "list_lines_of_business",
    "list_overview",
    "list_peer_bands",
    "list_periods",
    "list_programme_results",
    "list_site_results",
    "list_sources",
    "list_strata",
    "list_stratum_sets",
    "list_team_results",
]
