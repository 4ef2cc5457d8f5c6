"""Files that arrive in parts: continued after any pause, bound to their sender, checked, and swept."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from measures.actions import uploads
from measures.actions.uploads import KEPT_FOR, delete_abandoned_uploads, discard_upload
from measures.enums import SubmissionState as State
from measures.ingest.store import path_of
from measures.models import PartialUpload, Source, Submission
from teams.enums import Role
from teams.models import AuditEvent, User
from tests.factories.people import make_team, make_token, make_user, signed_in
from tests.factories.submissions import csv_bytes, make_groups, make_source, row

pytestmark = pytest.mark.django_db

GOOD = csv_bytes([row(member_id=f"m{i}", numerator=i % 2) for i in range(40)])
SHA256 = hashlib.sha256(GOOD).hexdigest()


@pytest.fixture
def source() -> Source:
    make_groups()
    return make_source()


@pytest.fixture
def analyst(source: Source) -> User:
    return make_user(Role.PAYER_ANALYST, organisation=source.organisation)


@pytest.fixture
def api(analyst: User) -> Client:
    return Client(headers={"Authorization": f"Token {make_token(analyst)}"})


def ask(request: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """One request in a transaction of its own: a refusal ends it, and not the test's."""
    with transaction.atomic():
        return request(*args, **options)


def begin(api: Client, **values: Any) -> Any:
    asked = {"source": "payer", "file_name": "big.csv", "byte_count": len(GOOD)} | values
    return ask(api.post, "/api/v1/uploads/", json.dumps(asked), content_type="application/json")


def part(api: Client, upload: str, offset: int, data: bytes, digest: bytes | None = None) -> Any:
    headers = {"Upload-Offset": str(offset)}
    if digest is not None:
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(digest).decode()}:"
    return ask(
        api.patch,
        f"/api/v1/uploads/{upload}/",
        data,
        content_type="application/octet-stream",
        headers=headers,
    )


def complete(api: Client, upload: str, **values: Any) -> Any:
    return ask(
        api.post,
        f"/api/v1/uploads/{upload}/completion/",
        json.dumps(values),
        content_type="application/json",
    )


def part_files() -> list[Any]:
    return list(path_of("files/incoming").glob("*.part"))


@pytest.fixture(autouse=True)
def no_parts_before() -> None:
    for file in part_files():
        file.unlink()


def test_file_in_parts_becomes_the_same_submission(api: Client, analyst: User) -> None:
    begun = begin(api)
    assert (begun.status_code, begun["Upload-Offset"]) == (201, "0")
    upload = begun.json()["id"]
    first = part(api, upload, 0, GOOD[:700], hashlib.sha256(GOOD[:700]).digest())
    assert (first.status_code, first["Upload-Offset"]) == (200, "700")
    head = api.head(f"/api/v1/uploads/{upload}/")
    assert (head.status_code, head["Upload-Offset"], head.content) == (200, "700", b"")
    # Who comes back and asks anew goes on where it stopped.
    again = begin(api)
    assert (again.status_code, again.json()["id"], again.json()["received_count"]) == (
        200, upload, 700,
    )  # fmt: skip
    assert complete(api, upload).json()["error"] == "state_refused"
    assert part(api, upload, 700, GOOD[700:]).json()["received_count"] == len(GOOD)
    done = complete(api, upload, sha256=SHA256.upper())
    assert (done.status_code, done.json()["state"]) == (201, State.RECEIVED)
    submission = Submission.objects.get()
    assert (submission.sha256, submission.byte_count, submission.submitted_by) == (
        SHA256, len(GOOD), analyst,
    )  # fmt: skip
    assert submission.file_name == "big.csv"
    assert path_of(submission.stored_as).read_bytes() == GOOD
    assert not PartialUpload.objects.exists()
    assert not part_files()
    acts = set(AuditEvent.objects.values_list("act", flat=True))
    assert {"begin_upload", "receive_submission"} <= acts


def test_part_at_another_place_is_refused_with_the_right_one(api: Client) -> None:
    upload = begin(api).json()["id"]
    part(api, upload, 0, GOOD[:100])
    for offset in (0, 99, 101):
        refused = part(api, upload, offset, b"x")
        assert (refused.status_code, refused["Upload-Offset"]) == (409, "100")
        assert refused.json()["error"] == "offset_differs"
    [file] = part_files()
    assert file.read_bytes() == GOOD[:100]


def test_what_a_dead_request_left_on_disk_is_written_over(api: Client) -> None:
    upload = begin(api).json()["id"]
    part(api, upload, 0, GOOD[:100])
    [file] = part_files()
    with file.open("ab") as left_behind:
        left_behind.write(b"bytes whose commit never came" * 9)
    part(api, upload, 100, GOOD[100:])
    assert complete(api, upload, sha256=SHA256).status_code == 201


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3", "9" * 30])
def test_part_needs_a_place(api: Client, offset: str) -> None:
    upload = begin(api).json()["id"]
    refused = ask(
        api.patch,
        f"/api/v1/uploads/{upload}/",
        b"x",
        content_type="application/octet-stream",
        headers={"Upload-Offset": offset},
    )
    assert refused.status_code == 400
    assert not part_files()


def test_damaged_part_is_refused(api: Client) -> None:
    upload = begin(api).json()["id"]
    refused = part(api, upload, 0, GOOD[:100], hashlib.sha256(b"other").digest())
    assert refused.status_code == 400
    assert "damaged" in refused.json()["fields"]["part"][0]
    assert PartialUpload.objects.get().received_count == 0


def test_parts_that_are_too_large_or_too_many_are_refused(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(api).json()["id"]
    refused = part(api, upload, 0, GOOD + b"one more")
    assert "longer" in refused.json()["fields"]["part"][0]
    monkeypatch.setattr(uploads, "PART_LIMIT_BYTES", 50)
    refused = part(api, upload, 0, GOOD[:51])
    assert "most" in refused.json()["fields"]["part"][0]
    assert part(api, upload, 0, GOOD[:50]).status_code == 200


def test_whole_file_beyond_the_limit_is_refused_before_it_is_sent(
    api: Client, settings: Any
) -> None:
    settings.UPLOAD_LIMIT_BYTES = len(GOOD) - 1
    refused = begin(api)
    assert refused.status_code == 400
    assert "larger than" in refused.json()["fields"]["file"][0]
    assert not PartialUpload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_another_file_of_the_same_name_and_size_is_noticed(api: Client) -> None:
    """The refusal deletes what arrived: without a transaction around the test, as it is in a request."""
    upload = begin(api).json()["id"]
    part(api, upload, 0, GOOD)
    refused = api.post(
        f"/api/v1/uploads/{upload}/completion/",
        json.dumps({"sha256": "0" * 64}),
        content_type="application/json",
    )
    assert not part_files()
    assert refused.status_code == 400
    assert "not the file that was chosen" in refused.json()["fields"]["file"][0]
    assert not Submission.objects.exists()
    assert not PartialUpload.objects.exists()
    assert begin(api).json()["received_count"] == 0


def test_unfinished_uploads_of_one_person_have_a_limit(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "OPEN_LIMIT", 2)
    codes = [begin(api, file_name=name).status_code for name in ("a", "b", "c", "a")]
    assert codes == [201, 201, 409, 200]


def test_upload_is_its_senders_alone(api: Client, source: Source) -> None:
    upload = begin(api).json()["id"]
    colleague = make_user(Role.PAYER_ANALYST, organisation=source.organisation)
    stranger = make_user(Role.GROUP_LEAD, team=make_team())
    for user in (colleague, stranger):
        other = Client(headers={"Authorization": f"Token {make_token(user)}"})
        assert other.get("/api/v1/uploads/").json() == []
        assert ask(other.get, f"/api/v1/uploads/{upload}/").status_code == 404
        assert part(other, upload, 0, b"x").status_code == 404
        assert complete(other, upload).status_code == 404
        assert ask(other.delete, f"/api/v1/uploads/{upload}/").status_code == 404
        page = ask(signed_in(user).post, f"/data/upload/{upload}/discard/")
        assert page.status_code == 404
    assert PartialUpload.objects.get().received_count == 0


def test_right_to_send_is_asked_for_at_every_part(api: Client, analyst: User) -> None:
    upload = begin(api).json()["id"]
    assert part(api, upload, 0, GOOD[:10]).status_code == 200
    analyst.memberships.all().delete()
    assert part(api, upload, 10, GOOD[10:]).status_code == 403
    assert complete(api, upload).status_code == 403


def test_group_cannot_begin_for_a_source_of_others(source: Source) -> None:
    lead = make_user(Role.GROUP_LEAD, team=make_team())
    api = Client(headers={"Authorization": f"Token {make_token(lead)}"})
    assert begin(api).status_code == 400
    assert not PartialUpload.objects.exists()


def test_page_in_a_session_needs_its_token(analyst: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    assert begin(client).status_code == 403
    assert not PartialUpload.objects.exists()


def test_discarded_upload_is_gone(api: Client, analyst: User) -> None:
    upload = begin(api).json()["id"]
    part(api, upload, 0, GOOD[:10])
    page = signed_in(analyst)
    assert "big.csv" in page.get("/data/upload/").content.decode()
    assert len(part_files()) == 1
    assert page.post(f"/data/upload/{upload}/discard/").status_code == 302
    assert not PartialUpload.objects.exists()
    assert "big.csv" not in page.get("/data/upload/").content.decode()
    assert ask(api.get, f"/api/v1/uploads/{uuid4()}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_parts_are_deleted_with_their_upload(source: Source) -> None:
    """Files go when the transaction is committed, so this one needs a real one."""
    analyst = make_user(Role.PAYER_ANALYST, organisation=source.organisation)
    api = Client(headers={"Authorization": f"Token {make_token(analyst)}"})
    names = {}
    for name in ("kept.csv", "abandoned.csv", "discarded.csv"):
        names[name] = begin(api, file_name=name).json()["id"]
        part(api, names[name], 0, GOOD[:10])
    assert len(part_files()) == 3
    discard_upload(upload=PartialUpload.objects.get(file_name="discarded.csv"), by=analyst)
    assert len(part_files()) == 2
    now = timezone.now()
    PartialUpload.objects.filter(file_name="abandoned.csv").update(
        touched_at=now - KEPT_FOR - timedelta(seconds=1)
    )
    assert delete_abandoned_uploads(as_of=now) == 1
    assert [u.file_name for u in PartialUpload.objects.all()] == ["kept.csv"]
    assert len(part_files()) == 1
    swept = AuditEvent.objects.get(act="discard_upload", actor=None)
    assert swept.details["received"] == 10
    assert django_settings.CELERY_BEAT_SCHEDULE["delete-old-files"]["task"].endswith(
        "delete_expired_files"
    )
