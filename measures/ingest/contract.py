"""The contract of a file of results, version 1, as data: member rows, or counts where nothing else can be sent.

The checker, the mapping page, the data dictionary and the API all read these tables: what a column is
(`COLUMNS` of member rows, `COUNT_COLUMNS` of counts) and what can be wrong with a row (`RULES`). No rule
text ever holds a value from a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from measures.enums import FileForm, Severity

CONTRACT_VERSION = 1


class Kind(StrEnum):
    """What a column's text is read as."""

    IDENTIFIER = "identifier"
    TEAM = "team"
    SITE = "site"
    MEASURE = "measure"
    PERIOD = "period"
    CODE = "code"
    FLAG = "flag"
    YEAR = "year"
    DATE = "date"
    AGE = "age"
    ZIP = "zip"
    TRACT = "tract"
    BLOCK_GROUP = "block_group"
    NAME = "name"
    SHARE = "share"
    COUNT = "count"
    RATE = "rate"


@dataclass(frozen=True)
class Column:
    """One column of the contract.

    required: a file without it needs a mapping; an empty value sets the row aside.
    personal: it differs from row to row, and its values are never shown again, not even as a list of distinct
        values on the mapping page.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    personal: bool = False

    @property
    def may_list_values(self) -> bool:
        """Whether the mapping page may show distinct values: codes only, nothing about one person."""
        return not self.personal and self.kind in CODED_KINDS


CODED_KINDS = frozenset({Kind.TEAM, Kind.MEASURE, Kind.PERIOD, Kind.CODE, Kind.FLAG})

COLUMNS: tuple[Column, ...] = (
    Column("member_id", Kind.IDENTIFIER, "Pseudonymous key of the member, up to 64 characters. Kept as a keyed hash only.", required=True, personal=True),
    Column("group_id", Kind.TEAM, "Code of a provider group that the programme knows. A group's own file may leave it out."),
    Column("site_id", Kind.SITE, "Practice site. An unknown one becomes “site not listed”."),
    Column("measure_id", Kind.MEASURE, "Code of a defined measure, for example CBP or COL-E.", required=True),
    Column("period", Kind.PERIOD, "2024 (the measurement year) or 2024-06 (the twelve months that end then).", required=True),
    Column("event_id", Kind.IDENTIFIER, "Tells several events of a member apart; needed for measures that count events.", personal=True),
    Column("line_of_business", Kind.CODE, "commercial, medicare, medicaid, exchange or other."),
    Column("payer", Kind.CODE, "Name of the payer of this row. Of a group's own file it is kept as one of the programme's list of payers; a payer's file is its own."),
    Column("denominator", Kind.FLAG, "1: the member or event belongs to the measure's denominator. Otherwise 0.", required=True),
    Column("numerator", Kind.FLAG, "1: the numerator is met. Otherwise 0.", required=True),
    Column("exclusion", Kind.FLAG, "1: excluded; the row is kept and does not count. Empty is 0."),
    Column("race", Kind.CODE, "One or several codes separated by |: OMB 1997, OMB 2024, CDC, QARR 01–09 or plain names."),
    Column("race_source", Kind.CODE, "How the race came to be known: self-reported, ehr, state, other direct, surname, geocoding, other indirect, unknown, or QARR 20–30."),
    Column("ethnicity", Kind.CODE, "Hispanic or Latino, or not; codes as for race."),
    Column("ethnicity_source", Kind.CODE, "As race_source."),
    Column("language", Kind.CODE, "Preferred language: ISO 639 code or name."),
    Column("language_source", Kind.CODE, "As race_source."),
    Column("sex", Kind.CODE, "Administrative sex."),
    Column("gender_identity", Kind.CODE, "Gender identity, US Core codes or names."),
    Column("sexual_orientation", Kind.CODE, "Sexual orientation, US Core codes or names."),
    Column("birth_year", Kind.YEAR, "Year of birth, four digits.", personal=True),
    Column("birth_date", Kind.DATE, "Date of birth, 1957-03-31 or 03/31/1957. Only the year is kept.", personal=True),
    Column("age", Kind.AGE, "Full years at the end of the period, where neither year nor date of birth is given.", personal=True),
    Column("zip", Kind.ZIP, "Five-digit ZIP code of the member's home.", personal=True),
    Column("tract", Kind.TRACT, "Eleven-digit census tract, more exact than the ZIP code.", personal=True),
    Column("block_group", Kind.BLOCK_GROUP, "Twelve-digit census block group, more exact than the tract. Not kept.", personal=True),
    Column("last_name", Kind.NAME, "Surname. Only looked up while the file is read, to estimate race where nobody asked; never stored or logged, and taken out of the kept file.", personal=True),
    Column("first_name", Kind.NAME, "As last_name; makes the estimate better where a table of first names is loaded.", personal=True),
    Column("p_white", Kind.SHARE, "The sender's own probability, 0 to 1; the six add up to 1.", personal=True),
    Column("p_black", Kind.SHARE, "As p_white.", personal=True),
    Column("p_hispanic", Kind.SHARE, "As p_white.", personal=True),
    Column("p_api", Kind.SHARE, "As p_white: Asian, Native Hawaiian or Pacific Islander.", personal=True),
    Column("p_aian", Kind.SHARE, "As p_white: American Indian or Alaska Native.", personal=True),
    Column("p_multi", Kind.SHARE, "As p_white: two or more races.", personal=True),
)  # fmt: skip

#: A row counts the people of one stratum; the rows of a set hold everybody once.
COUNT_COLUMNS: tuple[Column, ...] = (
    Column("group_id", Kind.TEAM, "Code of a provider group that the programme knows. A group's own file may leave it out."),
    Column("site_id", Kind.SITE, "Practice site of these people. Empty or unknown: “site not listed”, never the sum of the sites."),
    Column("measure_id", Kind.MEASURE, "Code of a defined measure, for example CBP or COL-E.", required=True),
    Column("period", Kind.PERIOD, "2024 (the measurement year) or 2024-06 (the twelve months that end then).", required=True),
    Column("line_of_business", Kind.CODE, "Line of business of these people. Empty: not stated, never the sum of the lines."),
    Column("stratum_set", Kind.CODE, "How people are grouped: all, race, ethnicity, combined, language, sex, age_band, gender_identity or sexual_orientation.", required=True),
    Column("stratum", Kind.CODE, "The stratum within its set; codes as in a file of members. Empty in the set all.", required=True),
    Column("stratum_source", Kind.CODE, "How the stratum came to be known; as race_source of a file of members."),
    Column("denominator", Kind.COUNT, "People or events in the denominator; exclusions are taken off already.", required=True, personal=True),
    Column("numerator", Kind.COUNT, "Of these, how many meet the numerator.", required=True, personal=True),
    Column("exclusion", Kind.COUNT, "How many were excluded; they are not in the denominator. Empty is 0.", personal=True),
    Column("rate", Kind.RATE, "The file's own rate, 0 to 1 or 0 to 100. Only compared with the counts.", personal=True),
)  # fmt: skip

COLUMNS_OF: dict[FileForm, tuple[Column, ...]] = {
    FileForm.MEMBERS: COLUMNS,
    FileForm.COUNTS: COUNT_COLUMNS,
}
BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
BY_NAME_OF: dict[FileForm, dict[str, Column]] = {
    form: {column.name: column for column in columns} for form, columns in COLUMNS_OF.items()
}
#: A set of a file of counts that the mapping leaves out, because the programme has no such strata.
SET_LEFT_OUT = "left out"
PROBABILITIES = ("p_white", "p_black", "p_hispanic", "p_api", "p_aian", "p_multi")
#: Fields whose answer has a source of its own.
SOURCED_FIELDS = ("race", "ethnicity", "language")
#: Values that say "nobody asked": the stratum is unknown, the source is "not collected".
NOT_COLLECTED_CODES = frozenset({"nask", "not-asked", "not asked", "not collected"})


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a row. `text` completes "Line 17, column race: …"."""

    code: str
    severity: Severity
    text: str
    advice: str = ""


def _error(code: str, text: str, advice: str = "") -> Rule:
    return Rule(code, Severity.ERROR, text, advice)


def _warning(code: str, text: str, advice: str = "") -> Rule:
    return Rule(code, Severity.WARNING, text, advice)


#: An error sets the row aside; a warning says what was done about it and keeps the row.
ROW_RULES: tuple[Rule, ...] = (
    _error("ragged_row", "The row does not have as many fields as the header.", "Enclose text that holds the separator in quotation marks."),
    _error("missing_value", "A required value is missing."),
    _error("too_long", "The key is longer than 64 characters."),
    _error("unknown_group", "The provider group is not known to the programme.", "Check the code, or have an administrator add the group."),
    _error("other_group", "The row belongs to another group than the one that sent the file.", "Send only your own group's rows."),
    _error("unknown_measure", "The measure is not defined.", "Use one of the programme's measure codes."),
    _error("measure_not_defined_for_year", "The measure has no definition for this measurement year."),
    _error("bad_period", "The period is neither a year (2024) nor a month (2024-06).", "Map the values, or ranges of years to their last year, on the mapping page."),
    _error("future_period", "The period has not begun yet."),
    _error("not_zero_or_one", "The value is neither 0 nor 1.", "Map the values on the mapping page."),
    _error("numerator_without_denominator", "The numerator is met although the row is not in the denominator."),
    _error("event_missing", "This measure counts events, and the row has no event_id."),
    _error("unknown_code", "The code is not known.", "Map the code on the mapping page, or correct the file."),
    _error("several_codes", "Several codes contradict each other in a column that takes one."),
    _error("future_birth", "The birth lies in the future."),
    _error("implausible_birth", "The year of birth is not plausible: before 1890, or not a year at all."),
    _error("bad_birth_date", "The date of birth cannot be read.", "Write it as 1957-03-31 or 03/31/1957."),
    _error("bad_age", "The age is not a whole number from 0 to 120."),
    _error("bad_probability", "A probability is not a number from 0 to 1."),
    _error("probabilities_do_not_add_up", "The six probabilities do not add up to 1 (±0.001)."),
    _error("duplicates_disagree", "Several rows have the same key and different results; all of them are set aside.", "The key is member, measure, period, event and line of business; in a file of counts group, measure, period, site, line of business, stratum and its source."),
    _warning("duplicates_agree", "The row repeats an earlier one; it is counted once."),
    _warning("described_differently", "The member is described differently on an earlier row, which is the one that counts."),
    _warning("unknown_payer", "The payer is none of the list; the row counts as “another payer”.", "Have an administrator add it to the list if it is to stand by itself."),
    _warning("unknown_site", "The site is not known to the programme; the row counts as “site not listed”."),
    _warning("site_of_other_group", "The site did not belong to this group in this period; the row counts as “site not listed”."),
    _warning("period_not_ended", "The period has not ended yet: results are preliminary."),
    _warning("excluded_in_numerator", "The row is excluded and yet meets the numerator; it does not count."),
    _warning("unknown_with_source", "An unknown value names a source; the source was set to unknown."),
    _warning("zip_zero_restored", "A leading zero of the ZIP code was missing; it was restored."),
    _warning("zip_cut", "The ZIP code was cut to its first five digits."),
    _warning("bad_zip", "The ZIP code cannot be read; it was left empty."),
    _warning("bad_block_group", "The block group does not have twelve digits; it was left empty."),
    _warning("bad_tract", "The tract does not have eleven digits; it was left empty."),
)  # fmt: skip

#: What else can be wrong with a file of counts.
COUNT_RULES: tuple[Rule, ...] = (
    _error("not_a_count", "The value is not a whole number from 0 to 100,000,000."),
    _error("numerator_above_denominator", "The numerator is larger than the denominator."),
    _error("other_set", "The code says nothing within this set.", "Hispanic beside races, for example, belongs to the set combined."),
    _error("strata_above_total", "The strata of the set add up to more than everybody (the set all)."),
    _error("strata_below_total", "The strata of the set, the unknown among them, add up to less than everybody (the set all)."),
    _error("sets_disagree", "The sets add up to different totals, and no row of the set all says which holds."),
    _error("sets_contradict", "Race, ethnicity and the combined set contradict each other: more people of a race are not Hispanic than there are, or Hispanic differs."),
    _error("total_beside_parts", "Rows without a site or line of business repeat the sum of those that have one.", "Send the parts or the sum, not both."),
    _error("slice_incomplete", "Other rows of the same group, measure and period cannot be used; counts of these three go in together or not at all."),
    _warning("rest_is_unknown", "The strata of the set add up to less than everybody; the rest counts as unknown."),
    _warning("breakdown_dropped", "Not every set is given by site and line of business alike, so the counts go in without them."),
    _warning("set_left_out", "The mapping leaves this set out; its rows do not count."),
    _warning("rate_differs", "The file's own rate is not numerator / denominator; the counts hold."),
)  # fmt: skip

RULES = (*ROW_RULES, *COUNT_RULES)
RULE_BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}
