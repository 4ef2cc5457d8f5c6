"""Race and ethnicity probabilities from surname, first name and place (BISG, BIFSG), vectorised.

Six categories in one fixed order (`CATEGORIES`). Nothing here assigns a race to a person: the result is
always six probabilities, to be summed over many people.

Source: Elliott et al. (2009), Health Services and Outcomes Research Methodology 9:69-83; Voicu (2018),
Statistics and Public Policy 5:1-13.
"""

from measures.stats.bisg.matches import NameMatch, PlaceMatch
from measures.stats.bisg.names import clean_names, match_first_names, match_surnames
from measures.stats.bisg.places import clean_places, match_places
from measures.stats.bisg.posterior import Basis, Imputed, impute, posterior
from measures.stats.bisg.tables import (
    CATEGORIES,
    FirstNameTable,
    MalformedTable,
    PlaceKind,
    PlaceTable,
    SurnameTable,
    first_name_table,
    place_table,
    place_table_of_shares,
    spread_other_race,
    surname_table,
)

__all__ = [
    "CATEGORIES",
    "Basis",
    "FirstNameTable",
    "Imputed",
    "MalformedTable",
    "NameMatch",
    "PlaceKind",
    "PlaceMatch",
    "PlaceTable",
    "SurnameTable",
    "clean_names",
    "clean_places",
    "first_name_table",
    "impute",
    "match_first_names",
    "match_places",
    "match_surnames",
    "place_table",
    "place_table_of_shares",
    "posterior",
    "spread_other_race",
    "surname_table",
]
