"""What the system can already say in a narrative report, from what was tried and measured."""

from __future__ import annotations

from datetime import date

from grants.facts import work_summary


def narrative_answers(*, team_id: int, since: date, on: date) -> dict[str, str]:
    """Sections that can be filled in; people read and change them."""
    work = work_summary(team_id, since=since, on=on)
    if work is None:
        return {}
    if not work.tests_started:
        return {"done": "No test of change was started in this period."}
    done = f"We started {work.tests_started} tests of change and finished {work.tests_closed}."
    if work.last_test_on:
        done += f" The last one began on {work.last_test_on:%-d %B %Y}."
    answers = {"done": done}
    if work.patients_reached is not None:
        answers["patients"] = f"The tests reached {work.patients_reached:,} patients."
    return answers
