"""What a charter and an aim hold, in the words of their pages: for forms, versions and differences."""

from __future__ import annotations

#: Fields of a charter in the order of the page. Few are needed before anybody can agree to it.
CHARTER_LABELS = {
    "problem": "The problem in one sentence",
    "population": "Patients and setting",
    "sponsor": "Sponsor",
    "team_lead": "Team lead",
    "day_to_day_lead": "Day-to-day lead",
    "clinical_champion": "Clinical champion",
    "improvement_adviser": "Improvement adviser",
    "data_person": "Data and measures",
    "frontline_staff": "Frontline staff",
    "community_partner": "Patient or community partner",
    "equity_lead": "Equity lead",
    "finance_contact": "Finance contact",
    "why_now": "Why now",
    "in_scope": "Within scope",
    "out_of_scope": "Out of scope",
    "benefits": "What we expect to gain",
    "measures": "How we will know",
    "first_ideas": "First change ideas",
    "risks": "Risks",
    "review_on": "We look at it again on",
}
CHARTER_NEEDED = ("problem", "population", "sponsor", "team_lead", "day_to_day_lead")

AIM_LABELS = {
    "sentence": "The aim",
    "direction": "Direction",
    "measure_name": "Measure",
    "population": "Patients",
    "focus_group": "Focus group",
    "reference_group": "Compared with",
    "place": "Where",
    "unit": "Unit",
    "baseline": "Level now",
    "target": "Level to reach",
    "due_on": "By",
    "gap_from": "Gap now",
    "gap_to": "Gap to reach",
    "guards_everyone": "Nobody’s rate gets worse",
    "basis": "Where the start comes from",
}
