"""Pages and endpoints of the data section: who may, what is shown, and that nobody sees another's files."""

from __future__ import annotations

import gzip
import json
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measures.actions.submissions import process_submission
from measures.enums import SubmissionState as State
from measures.models import Source, Submission
from teams.enums import Role
from teams.models import AuditEvent, User
from tests.factories.people import make_team, make_token, make_user, signed_in
from tests.factories.submissions import AS_OF, csv_bytes, make_groups, make_source, row, send

pytestmark = pytest.mark.django_db

GOOD = csv_bytes([row(member_id=f"m{i}", numerator=i % 2, zip="2139") for i in range(40)])
FOREIGN = b"SEQN,CYCLE,HYPERTENSION,MET\n" + b"".join(
    b"%d,2017-2020,Yes,No\n" % i for i in range(40)
)


@pytest.fixture
def source() -> Source:
    make_groups()
    return make_source()


@pytest.fixture
def analyst(source: Source) -> User:
    return make_user(Role.PAYER_ANALYST, organisation=source.organisation)


@pytest.fixture
def client(analyst: User) -> Client:
    return signed_in(analyst)


def upload(client: Client, source: Source, data: bytes, name: str = "results.csv") -> Any:
    file = SimpleUploadedFile(name, data)
    return client.post(reverse("measures:upload"), {"source": source.pk, "file": file})


def finish(submission: Submission) -> None:
    process_submission(submission_id=submission.pk, as_of=AS_OF)
    submission.refresh_from_db()


def page(client: Client, name: str, submission: Submission) -> str:
    response = client.get(reverse(f"measures:{name}", args=[submission.pk]))
    assert response.status_code == 200
    return str(response.content.decode())


# --- pages -------------------------------------------------------------------------------------------------


def test_upload_becomes_a_submission(client: Client, source: Source, analyst: User) -> None:
    response = upload(client, source, GOOD)
    submission = Submission.objects.get()
    assert response.status_code == 302
    assert response["Location"] == reverse("measures:submission", args=[submission.pk])
    assert (submission.submitted_by, submission.byte_count) == (analyst, len(GOOD))
    assert submission.file_name == "results.csv"
    assert "hx-trigger" in page(client, "submission", submission)
    finish(submission)
    shown = page(client, "submission", submission)
    assert "hx-get" not in shown.split("<main")[1]
    assert "A leading zero of the ZIP code was missing" in shown


def test_uploading_again_leads_to_the_same_submission(client: Client, source: Source) -> None:
    send(source, GOOD)
    response = upload(client, source, GOOD)
    assert Submission.objects.count() == 1
    assert response["Location"].endswith(f"/{Submission.objects.get().pk}/")


@pytest.mark.parametrize("fields", [{}, {"source": "999"}, {"file": "text"}])
def test_upload_without_what_it_needs_says_so(
    client: Client, source: Source, fields: dict[str, str]
) -> None:
    response = client.post(reverse("measures:upload"), fields)
    assert response.status_code == 422
    assert "Choose a file first." in response.content.decode()
    assert not Submission.objects.exists()


def test_upload_beyond_the_limit_is_told(client: Client, source: Source, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100
    response = upload(client, source, GOOD)
    assert response.status_code == 422
    assert "larger than" in response.content.decode()
    assert not Submission.objects.exists()


def test_upload_needs_the_forms_own_token(analyst: User, source: Source) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    assert upload(client, source, GOOD).status_code == 403
    assert not Submission.objects.exists()


def test_progress_tells_how_far_the_work_is(client: Client, source: Source) -> None:
    submission = send(source, GOOD)
    Submission.objects.filter(pk=submission.pk).update(
        state=State.RECEIVED, progress_done=3_100_000, progress_total=10_000_000
    )
    response = client.get(reverse("measures:submission_progress", args=[submission.pk]))
    assert "Checking 3.1 of about 10.0 million rows" in response.content.decode()
    assert "HX-Refresh" not in response
    Submission.objects.filter(pk=submission.pk).update(state=State.CHECKED, progress_total=1200)
    shown = page(client, "submission_progress", submission)
    assert "Storing 3,100,000 of 1,200 rows" in shown
    Submission.objects.filter(pk=submission.pk).update(state=State.PUBLISHED)
    done = client.get(reverse("measures:submission_progress", args=[submission.pk]))
    assert done["HX-Refresh"] == "true"


def test_mapping_page_suggests_and_remembers(client: Client, source: Source) -> None:
    submission = send(source, FOREIGN)
    shown = page(client, "mapping", submission)
    for header, column in (
        ("SEQN", "member_id"),
        ("CYCLE", "period"),
        ("HYPERTENSION", "denominator"),
    ):
        select = shown.split(f'name="column_{column}"')[1].split("</select>")[0]
        assert f'value="={header}" selected' in select
    answers = {
        "column_member_id": "=SEQN",
        "column_period": "=CYCLE",
        "column_denominator": "=HYPERTENSION",
        "column_numerator": "=MET",
        "column_group_id": "constant",
        "constant_group_id": "G01",
        "column_measure_id": "constant",
        "constant_measure_id": "CBP",
        "last_year_of_range": "on",
    }
    url = reverse("measures:mapping", args=[submission.pk])
    incomplete = client.post(url, answers | {"constant_measure_id": ""})
    assert incomplete.status_code == 422
    assert "Write the value that every row has." in incomplete.content.decode()
    missing = client.post(url, answers | {"column_numerator": ""})
    assert "Every file needs this" in missing.content.decode()
    assert client.post(url, answers).status_code == 302
    finish(submission)
    assert submission.unmapped == {"denominator": {"yes": 40}, "numerator": {"no": 40}}
    shown = page(client, "mapping", submission)
    assert '<option value="1" selected>' in shown.split('name="value_denominator_0"')[1]
    values = {"value_denominator_0": "1", "value_numerator_0": "0"}
    assert client.post(url, answers | values).status_code == 302
    finish(submission)
    assert (submission.state, submission.accepted_count) == (State.PUBLISHED, 40)
    assert submission.mapping["values"] == {"denominator": {"yes": "1"}, "numerator": {"no": "0"}}


def test_mapping_page_is_closed_for_published_data(client: Client, source: Source) -> None:
    submission = send(source, GOOD)
    response = client.get(reverse("measures:mapping", args=[submission.pk]))
    assert response.status_code == 409


def test_replacement_shows_both_and_is_confirmed(client: Client, source: Source) -> None:
    send(source, GOOD)
    second = send(source, csv_bytes([row(member_id=f"m{i}", numerator=1) for i in range(20)]))
    shown = page(client, "submission", second)
    assert "This file would replace published data" in shown
    for cell in (">20<", ">40<", ">100.0%<", ">50.0%<"):
        assert cell in shown
    response = client.post(reverse("measures:confirm_submission", args=[second.pk]))
    assert response.status_code == 302
    finish(second)
    assert second.state == State.PUBLISHED
    again = client.post(reverse("measures:confirm_submission", args=[second.pk]))
    assert again.status_code == 409


def test_small_denominators_are_protected_on_the_page(client: Client, source: Source) -> None:
    submission = send(source, csv_bytes([row(member_id=f"m{i}", numerator=1) for i in range(7)]))
    shown = page(client, "submission", submission)
    assert "fewer than 11" in shown
    assert "100.0%" not in shown


def test_withdrawing_asks_first(client: Client, source: Source) -> None:
    submission = send(source, FOREIGN)
    assert "Withdraw this submission?" in page(client, "withdraw_submission", submission)
    assert (
        client.post(reverse("measures:withdraw_submission", args=[submission.pk])).status_code
        == 302
    )
    submission.refresh_from_db()
    assert submission.state == State.WITHDRAWN


def test_findings_can_be_taken_away_and_that_is_recorded(client: Client, source: Source) -> None:
    submission = send(source, GOOD)
    response = client.get(reverse("measures:findings", args=[submission.pk]))
    text = gzip.decompress(b"".join(response.streaming_content)).decode()
    assert len(text.splitlines()) == 41
    assert response["Content-Disposition"].startswith("attachment")
    assert AuditEvent.objects.filter(act="download_findings").count() == 1
    clean = send(source, csv_bytes([row(period="2023")]))
    assert client.get(reverse("measures:findings", args=[clean.pk])).status_code == 404


def test_list_costs_the_same_for_one_and_for_many(client: Client, source: Source) -> None:
    send(source, GOOD)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(reverse("measures:submissions"))
    for year in (2021, 2022, 2023):
        send(source, GOOD.replace(b"2024", str(year).encode()))
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("measures:submissions"))
    assert len(many) == len(one)


NAMES = ["submission", "submission_progress", "mapping", "withdraw_submission", "findings"]


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.GROUP_LEAD])
def test_another_organisations_submission_is_not_there(role: Role) -> None:
    first, _ = make_groups()
    theirs = send(make_source(team=first, code="theirs"), GOOD)
    reader = make_user(role, team=make_team()) if role == Role.GROUP_LEAD else make_user(role)
    client = signed_in(reader)
    assert theirs.file_name not in client.get(reverse("measures:submissions")).content.decode()
    for name in NAMES:
        assert client.get(reverse(f"measures:{name}", args=[theirs.pk])).status_code == 404, name
    confirm = reverse("measures:confirm_submission", args=[theirs.pk])
    assert client.post(confirm).status_code == 404
    assert upload(client, theirs.source, GOOD.replace(b"m1", b"n1")).status_code == 422
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    "role",
    [Role.COACH, Role.PROGRAMME_DIRECTOR, Role.EVALUATOR, Role.ADMINISTRATOR, Role.PAYER_FINANCE],
)
def test_roles_without_data_are_refused(role: Role) -> None:
    client = signed_in(make_user(role))
    assert client.get(reverse("measures:submissions")).status_code == 403
    assert client.get(reverse("measures:upload")).status_code == 403


def test_sponsor_reads_and_does_not_send() -> None:
    team = make_team()
    source = make_source(team=team, code="own")
    client = signed_in(make_user(Role.SENIOR_SPONSOR, team=team))
    assert client.get(reverse("measures:submissions")).status_code == 200
    assert upload(client, source, GOOD).status_code == 403


def test_group_sends_its_own_file() -> None:
    first, _ = make_groups()
    source = make_source(team=first, code="own")
    client = signed_in(make_user(Role.GROUP_MEMBER, team=first))
    assert upload(client, source, csv_bytes([row(group_id=None)])).status_code == 302
    submission = Submission.objects.get()
    finish(submission)
    assert submission.state == State.PUBLISHED


def test_visitor_is_asked_to_sign_in(client: Client) -> None:
    response = Client().post(reverse("measures:upload"), {})
    assert response.status_code == 302
    assert "/account/login/" in response["Location"]


def test_file_of_counts_is_mapped_on_its_page(client: Client, source: Source) -> None:
    data = b"Group,Measure,Year,How,Who,Den,Num\nG01,CBP,2024,total,,100,60\nG01,CBP,2024,race,white,100,60\n"
    upload(client, source, data, "counts.csv")
    submission = Submission.objects.get()
    finish(submission)
    assert submission.state == State.NEEDS_MAPPING
    assert "?form=counts" in page(client, "mapping", submission)
    address = reverse("measures:mapping", args=[submission.pk])
    form = client.get(address, {"form": "counts"}).context["form"]
    answers = {f.html_name: f.value() for f in form if f.value() not in (None, False)}
    answers |= {"column_stratum_set": "=How", "column_stratum": "=Who"}
    # The form comes back with what was chosen, not as a form for members.
    refused = client.post(address, {"form": "counts"} | answers | {"column_numerator": ""})
    assert refused.status_code == 422
    assert "It is one member’s result" in refused.content.decode()
    assert client.post(address, {"form": "counts"} | answers).status_code == 302
    finish(submission)
    assert (submission.state, submission.form) == (State.PUBLISHED, "counts")
    assert "A count of people in one stratum" in page(client, "submission", submission)


# --- API ---------------------------------------------------------------------------------------------------


@pytest.fixture
def api(analyst: User) -> Client:
    return Client(headers={"Authorization": f"Token {make_token(analyst)}"})


def test_api_sends_follows_and_reads_findings(api: Client, source: Source) -> None:
    assert [s["code"] for s in api.get("/api/v1/sources/").json()["results"]] == ["payer"]
    sent = api.post(
        "/api/v1/submissions/?source=payer&file_name=monthly.csv",
        GOOD,
        content_type="application/octet-stream",
    )
    assert sent.status_code == 201, sent.content
    number = sent.json()["id"]
    assert sent.json()["state"] == "received"
    finish(Submission.objects.get())
    one = api.get(f"/api/v1/submissions/{number}/").json()
    assert (one["state"], one["accepted_count"], one["file_name"]) == (
        "published",
        40,
        "monthly.csv",
    )
    [finding] = api.get(f"/api/v1/submissions/{number}/findings/").json()["results"]
    assert (finding["rule"], finding["line_count"]) == ("zip_zero_restored", 40)
    assert "leading zero" in finding["text"]
    whole = api.get(f"/api/v1/submissions/{number}/findings.csv")
    assert gzip.decompress(b"".join(whole.streaming_content)).startswith(
        b"line,column,rule,severity"
    )
    again = api.post("/api/v1/submissions/?source=payer", GOOD, content_type="text/csv")
    assert (again.status_code, again.json()["id"]) == (200, number)
    assert api.get("/api/v1/submissions/").json()["count"] == 1


def test_api_maps_confirms_and_withdraws(api: Client, source: Source) -> None:
    send(source, GOOD.replace(b"2024", b"2020"))
    submission = send(source, FOREIGN)
    mapping = {
        "columns": {
            "member_id": {"header": "SEQN"},
            "period": {"header": "CYCLE"},
            "denominator": {"header": "HYPERTENSION"},
            "numerator": {"header": "MET"},
            "group_id": {"constant": "G01"},
            "measure_id": {"constant": "CBP"},
        },
        "values": {"denominator": {"yes": "1"}, "numerator": {"no": "0"}},
        "last_year_of_range": True,
    }
    url = f"/api/v1/submissions/{submission.pk}/"
    refused = api.put(
        f"{url}mapping/",
        json.dumps(mapping | {"columns": {"member_id": {"header": "nowhere"}}}),
        content_type="application/json",
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "input_refused")
    put = api.put(f"{url}mapping/", json.dumps(mapping), content_type="application/json")
    assert put.status_code == 200, put.content
    finish(submission)
    assert submission.state == State.NEEDS_CONFIRMATION
    assert api.post(f"{url}confirmation/").status_code == 200
    finish(submission)
    assert submission.state == State.PUBLISHED
    withdrawn = api.post(f"{url}withdrawal/")
    assert (withdrawn.status_code, withdrawn.json()["error"]) == (409, "state_refused")


# A refusal ends the transaction of the test, so each has a test of its own.


def test_api_refuses_a_source_that_is_not_there(api: Client) -> None:
    sent = api.post("/api/v1/submissions/?source=nobody", GOOD, content_type="text/csv")
    assert sent.status_code == 400
    assert "source" in sent.json()["fields"]


def test_api_refuses_a_file_beyond_the_limit(api: Client, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 50
    sent = api.post("/api/v1/submissions/?source=payer", GOOD, content_type="text/csv")
    assert sent.status_code == 400
    assert "larger" in sent.json()["fields"]["file"][0]


def test_api_knows_nothing_of_others(source: Source) -> None:
    theirs = send(source, GOOD)
    stranger = make_user(Role.GROUP_LEAD, team=make_team())
    api = Client(headers={"Authorization": f"Token {make_token(stranger)}"})
    assert api.get("/api/v1/submissions/").json()["count"] == 0
    for path in ("", "findings/", "findings.csv"):
        assert api.get(f"/api/v1/submissions/{theirs.pk}/{path}").status_code == 404
    for path in ("confirmation/", "withdrawal/"):
        assert api.post(f"/api/v1/submissions/{theirs.pk}/{path}").status_code == 404
    sent = api.post("/api/v1/submissions/?source=payer", GOOD, content_type="text/csv")
    assert sent.status_code == 400


def test_api_tells_the_contract(api: Client) -> None:
    contract = api.get("/api/v1/contract/").json()
    assert contract["version"] == 1
    assert {"member_id", "period", "numerator"} <= {c["name"] for c in contract["columns"]}
    assert all(rule["text"] for rule in contract["rules"])


def test_command_takes_counts_and_reports(source: Source, tmp_path: Any) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_bytes(
        b"group_id,measure_id,period,stratum_set,stratum,denominator,numerator\nG01,CBP,2024,all,,9,10\n"
    )
    said = StringIO()
    with pytest.raises(CommandError, match="rejected"):
        call_command("ingest", str(counts), source="payer", wait=True, stdout=said)
    assert (
        "[numerator]: The numerator is larger than the denominator. 1 rows, first in line 2."
        in (said.getvalue())
    )
    reports = tmp_path / "report.json"
    population = [
        {"code": {"text": "denominator"}, "count": 9},
        {"code": {"text": "numerator"}, "count": 10},
    ]
    reports.write_text(
        json.dumps(
            {
                "resourceType": "MeasureReport", "status": "complete", "type": "summary",
                "measure": "Measure/CBP", "period": {"start": "2024-01-01", "end": "2024-12-31"},
                "reporter": {"reference": "Organization/G01"}, "group": [{"population": population}],
            }
        )
    )  # fmt: skip
    with pytest.raises(CommandError, match=r"first in group\[0\]"):
        call_command("ingest", str(reports), source="payer", wait=True, stdout=said)
    assert "first in group[0]." in said.getvalue()
