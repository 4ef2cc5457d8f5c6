"""Pages of report cards: who sees which, what is kept, how many queries they ask."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reports.enums import CardState
from reports.models import ReportCard
from teams.enums import Role
from teams.models import AuditEvent, User
from tests.factories.members import LoadedWorld, load_members
from tests.factories.people import make_user, signed_in
from tests.reports.cards.conftest import TEAMS


def page_text(response: Any) -> str:
    return unescape(response.content.decode())


@pytest.fixture
def analyst_client(analyst: User) -> Client:
    return signed_in(analyst)


def card_urls(card: ReportCard) -> list[str]:
    return [
        reverse("reports:card", args=[card.pk]),
        *(
            reverse("reports:card_download", args=[card.pk, form])
            for form in ("pdf", "xlsx", "csv")
        ),
    ]


# ------------------------------------------------------------------ who sees what


def test_group_reads_its_own_published_card_and_nothing_else(
    world: LoadedWorld, make_card: Any
) -> None:
    mine = make_card(world.team("Amber Health"), "published")
    draft = make_card(world.team("Amber Health"))
    other = make_card(world.team("Birch Health"), "published")
    public = make_card(None, "published")
    client = signed_in(make_user(Role.GROUP_MEMBER, team=world.team("Amber Health")))
    for url in [*card_urls(mine), *card_urls(public)]:
        assert client.get(url).status_code == 200, url
    for url in [*card_urls(draft), *card_urls(other)]:
        assert client.get(url).status_code == 404, url
    text = page_text(client.get(reverse("reports:cards")))
    assert "Amber Health" in text and "All groups" in text
    assert "Birch Health" not in text and "Draft" not in text


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.COACH, 404),
        (Role.PROGRAMME_DIRECTOR, 200),
        (Role.SENIOR_SPONSOR, 404),
        (Role.EVALUATOR, 403),
        (Role.PAYER_FINANCE, 403),
    ],
)
def test_role_reads_a_published_card_of_a_group(
    role: str, status: int, world: LoadedWorld, make_card: Any
) -> None:
    card = make_card(world.team("Amber Health"), "published")
    # Coach and sponsor belong to another group.
    team = world.team("Birch Health") if role in (Role.COACH, Role.SENIOR_SPONSOR) else None
    client = signed_in(make_user(role, team=team))
    for url in card_urls(card):
        assert client.get(url).status_code == status


def test_only_those_who_prepare_cards_change_them(world: LoadedWorld, make_card: Any) -> None:
    card = make_card(world.team("Amber Health"))
    published = make_card(world.team("Birch Health"), "published")
    clients = [
        signed_in(make_user(Role.GROUP_LEAD, team=world.team("Birch Health"))),
        signed_in(make_user(Role.PROGRAMME_DIRECTOR)),
    ]
    for client in clients:
        for name in ("review", "reopen", "publish", "withdraw", "commentary"):
            for pk in (card.pk, published.pk):
                answer = client.post(reverse(f"reports:card_{name}", args=[pk]))
                assert answer.status_code == 403
        assert client.post(reverse("reports:card_draft")).status_code == 403
        assert client.get(reverse("reports:cards_zip")).status_code == 403
    card.refresh_from_db()
    assert card.state == CardState.DRAFT


def test_pages_need_a_sign_in(world: LoadedWorld, make_card: Any) -> None:
    card = make_card(world.team("Amber Health"), "published")
    client = Client()
    for url in [reverse("reports:cards"), *card_urls(card)]:
        assert client.get(url).status_code == 302, url


# ------------------------------------------------------------------ the way of a card


def test_analyst_drafts_reviews_publishes_and_downloads(
    world: LoadedWorld, analyst_client: Client
) -> None:
    team = world.team("Cedar Health")
    where = {"source": world.source.code, "period": "2024", "team": team.code}
    answer = analyst_client.post(reverse("reports:card_draft"), where)
    card = ReportCard.objects.get(team=team)
    assert answer.url == reverse("reports:card", args=[card.pk])
    page = page_text(analyst_client.get(answer.url))
    seen = re.search(r'name="seen_sha256" value="([0-9a-f]{64})"', page)
    assert seen is not None
    analyst_client.post(reverse("reports:card_review", args=[card.pk]), {"seen_sha256": seen[1]})
    card.refresh_from_db()
    assert card.state == CardState.REVIEWED
    answer = analyst_client.post(reverse("reports:card_publish", args=[card.pk]), follow=True)
    assert "Published." in page_text(answer)
    card.refresh_from_db()
    assert card.state == CardState.PUBLISHED
    for form, start in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
        answer = analyst_client.get(reverse("reports:card_download", args=[card.pk, form]))
        assert answer.content.startswith(start)
        assert f"cedar-health-2024.{form}" in answer["Content-Disposition"]
    downloads = AuditEvent.objects.filter(act="download_report_card", object_id=str(card.pk))
    assert sorted(e.details["format"] for e in downloads) == ["csv", "pdf", "xlsx"]
    assert {e.team for e in downloads} == {team}


def test_question_before_an_act_works_without_javascript(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    card = make_card(world.team("Amber Health"))
    url = reverse("reports:card_review", args=[card.pk])
    page = page_text(analyst_client.get(url))
    assert "Have you read the whole card?" in page
    seen = re.search(r'name="seen_sha256" value="([0-9a-f]{64})"', page)
    assert seen is not None
    analyst_client.post(url, {"seen_sha256": seen[1]})
    card.refresh_from_db()
    assert card.state == CardState.REVIEWED


def test_refusal_shows_the_card_with_the_reason(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    card = make_card(world.team("Amber Health"))
    answer = analyst_client.post(reverse("reports:card_publish", args=[card.pk]))
    assert answer.status_code == 409
    assert "Review the card first: only a reviewed card can be published." in page_text(answer)


def test_draft_everywhere_twice_makes_each_card_once(
    world: LoadedWorld, analyst_client: Client
) -> None:
    where = {"source": world.source.code, "period": "2024"}
    for _ in range(2):
        assert analyst_client.post(reverse("reports:card_draft"), where).status_code == 302
    assert ReportCard.objects.count() == len(TEAMS) + 1


def test_draft_of_an_unknown_group_is_404(world: LoadedWorld, analyst_client: Client) -> None:
    where = {"source": world.source.code, "period": "2024", "team": "NOBODY"}
    assert analyst_client.post(reverse("reports:card_draft"), where).status_code == 404
    assert not ReportCard.objects.exists()


# ------------------------------------------------------------------ commentary


def test_commentary_is_kept_and_shown_as_plain_text(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    card = make_card(world.team("Amber Health"))
    words = "Look at <b>CBP</b> first.\r\nThen\x07 COL.\u202e"
    url = reverse("reports:card_commentary", args=[card.pk])
    assert analyst_client.post(url, {"commentary": words}).status_code == 302
    card.refresh_from_db()
    assert card.commentary == "Look at <b>CBP</b> first.\nThen COL."
    page = analyst_client.get(reverse("reports:card", args=[card.pk])).content.decode()
    assert "Look at &lt;b&gt;CBP&lt;/b&gt; first." in page
    assert "<b>CBP</b>" not in page


def test_commentary_too_long_is_given_back_whole(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    card = make_card(world.team("Amber Health"))
    words = "word " * 200
    answer = analyst_client.post(
        reverse("reports:card_commentary", args=[card.pk]), {"commentary": words}
    )
    assert answer.status_code == 400
    assert words.strip() in page_text(answer)
    card.refresh_from_db()
    assert card.commentary == ""


def test_commentary_on_a_card_that_was_reviewed_meanwhile_is_given_back(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    card = make_card(world.team("Amber Health"), "reviewed")
    answer = analyst_client.post(
        reverse("reports:card_commentary", args=[card.pk]), {"commentary": "My careful words."}
    )
    assert answer.status_code == 409
    text = page_text(answer)
    assert "My careful words." in text
    assert "Reopen it to change its commentary." in text


# ------------------------------------------------------------------ list, notices, zip


def test_list_filters_by_state_and_names_the_next_step(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    make_card(world.team("Amber Health"))
    make_card(world.team("Birch Health"), "reviewed")
    make_card(world.team("Cedar Health"), "published")
    url = reverse("reports:cards")
    text = page_text(analyst_client.get(url))
    for words in ("Review the card of Amber Health", "Publish the card of Birch Health", "PDF of Cedar Health", "Draft a card of Dune Health"):  # fmt: skip
        assert words in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))
    names = {"draft": "Amber", "reviewed": "Birch", "published": "Cedar", "none": "Dune"}
    for state, name in names.items():
        body = page_text(analyst_client.get(url, {"state": state})).split("<tbody>")[1]
        assert f"{name} Health" in body
        assert not [n for n in names.values() if n != name and f"{n} Health" in body]
    order = re.findall(r'<th scope="row">([^<]+)', text)
    assert order == ["All groups ", *sorted(TEAMS)]


def test_restated_card_carries_a_notice_on_page_list_and_document(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    card = make_card(world.team("Amber Health"), "published")
    rows = world.members[world.members.team == "Amber Health"].copy()
    rows["numerator"] = 1 - rows["numerator"]
    load_members(rows, source=world.source, teams=world.teams)
    page = page_text(analyst_client.get(reverse("reports:card", args=[card.pk])))
    assert "The data behind this card were corrected on March 1, 2025" in page
    assert "The card stays as it was published." in page
    text = page_text(analyst_client.get(reverse("reports:cards")))
    assert "Data changed since" in text.split("<tbody>")[1]
    assert "Draft anew" in text
    reader = signed_in(make_user(Role.GROUP_MEMBER, team=world.team("Amber Health")))
    assert "Data changed since" in page_text(reader.get(reverse("reports:cards")))


def test_zip_holds_document_and_workbook_of_every_published_card(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    make_card(world.team("Amber Health"), "published")
    make_card(world.team("Birch Health"), "published")
    make_card(world.team("Cedar Health"))
    answer = analyst_client.get(reverse("reports:cards_zip"))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        assert archive.read(names[0]).startswith(b"%PDF-")
    assert sorted(names) == [
        f"equity-report-card-{name}-health-2024.{form}"
        for name in ("amber", "birch")
        for form in ("pdf", "xlsx")
    ]
    assert AuditEvent.objects.filter(act="download_report_card").count() == 4


def test_zip_without_published_cards_is_404(world: LoadedWorld, analyst_client: Client) -> None:
    assert analyst_client.get(reverse("reports:cards_zip")).status_code == 404


# ------------------------------------------------------------------ public


def test_public_page_shows_the_published_card_and_nothing_of_a_group(
    world: LoadedWorld, make_card: Any
) -> None:
    amber = make_card(world.team("Amber Health"), "published")
    client = Client()
    assert "Nothing is published yet" in page_text(client.get(reverse("reports:public")))
    make_card(None)
    assert "Nothing is published yet" in page_text(client.get(reverse("reports:public")))
    ReportCard.objects.filter(team=None).delete()
    public = make_card(None, "published")
    page = page_text(client.get(reverse("reports:public")))
    assert "All provider groups together" in page
    assert public.content_sha256 in page
    files = [
        client.get(reverse("reports:public_download", args=[public.pk, form]))
        for form in ("pdf", "xlsx", "csv")
    ]
    assert {f.status_code for f in files} == {200}
    for text in (page, files[2].content.decode()):
        for team in world.teams.values():
            assert team.name not in text and team.code not in text
    for form in ("pdf", "xlsx", "csv"):
        url = reverse("reports:public_download", args=[amber.pk, form])
        assert client.get(url).status_code == 404
    assert client.get(reverse("reports:public_card", args=[amber.pk])).status_code == 404
    events = AuditEvent.objects.filter(act="download_report_card")
    assert {e.actor for e in events} == {None} and len(events) == 3


def test_unknown_file_format_is_404(
    world: LoadedWorld, make_card: Any, analyst_client: Client
) -> None:
    card = make_card(world.team("Amber Health"), "published")
    assert analyst_client.get(f"/report-cards/{card.pk}/card.docx").status_code == 404
    assert analyst_client.get("/report-cards/99999999999999999999/").status_code == 404


# ------------------------------------------------------------------ number of queries


def queries_of(client: Client, url: str, counter: Any) -> int:
    client.get(url)
    with counter() as counted:
        assert client.get(url).status_code == 200
    return len(counted)


@pytest.fixture
def counter() -> Any:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return lambda: CaptureQueriesContext(connection)


def test_list_asks_as_many_queries_for_one_card_as_for_all(
    world: LoadedWorld, make_card: Any, analyst_client: Client, counter: Any
) -> None:
    url = reverse("reports:cards")
    make_card(world.team("Amber Health"), "published")
    few = queries_of(analyst_client, url, counter)
    for name in TEAMS[1:6]:
        make_card(world.team(name), "published")
    assert queries_of(analyst_client, url, counter) == few
    assert few == 13


def test_published_card_asks_few_queries(
    world: LoadedWorld, make_card: Any, analyst_client: Client, counter: Any
) -> None:
    card = make_card(world.team("Amber Health"), "published")
    assert queries_of(analyst_client, reverse("reports:card", args=[card.pk]), counter) == 10


def test_draft_asks_the_same_number_of_queries_for_any_number_of_groups(
    world: LoadedWorld, make_card: Any, analyst_client: Client, counter: Any
) -> None:
    group = make_card(world.team("Amber Health"))
    everyone = make_card(None)
    one = queries_of(analyst_client, reverse("reports:card", args=[group.pk]), counter)
    more = queries_of(analyst_client, reverse("reports:card", args=[everyone.pk]), counter)
    assert (one, more) == (27, 33)
