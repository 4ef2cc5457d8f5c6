"""Interviews: excerpts without names, versions of the codebook, two coders blind to each other, what counts."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from learning.actions.coding import (
    Passage,
    add_excerpts,
    begin_codebook,
    begin_round,
    code_excerpt,
    finish_coding,
    fix_codebook,
    remove_entry,
    save_entry,
    settle_excerpt,
)
from learning.coding_agreement import Entry, rolled_up, round_agreement, settled_codes
from learning.enums import CodeLevel, SourceForm
from learning.models import Codebook, CodebookEntry, CodingRound, Excerpt, InterviewSource
from learning.queries.coding import (
    count_codes,
    list_entries,
    list_excerpts,
    list_rounds_to_do,
    read_both_codes,
    read_own_codes,
    read_round,
)
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, User
from teams.scoping import Scope, scope_of
from tests.factories.learning import NOW, TODAY
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def first() -> User:
    return make_user(Role.EVALUATOR, name="Samira Haddad")


@pytest.fixture
def second() -> User:
    return make_user(Role.EVALUATOR, name="Tom Lindgren")


@pytest.fixture
def scope(first: User) -> Scope:
    return scope_of(first, on=TODAY)


def passage(text: str, *, source: str = "P-01", stakeholder: str = "Coach") -> Passage:
    return Passage(source, stakeholder, SourceForm.INTERVIEW, None, text)


def make_codebook(by: User) -> dict[str, CodebookEntry]:
    """Theme > Coaching > Barriers, and Theme > Money; fixed."""
    codebook = begin_codebook(note="First", by=by)
    words = {"definition": "", "when_to_use": "", "when_not": "", "by": by}
    theme = save_entry(codebook=codebook, name="Theme", **words)
    coaching = save_entry(codebook=codebook, name="Coaching", parent=theme, **words)
    barriers = save_entry(codebook=codebook, name="Barriers", parent=coaching, **words)
    money = save_entry(codebook=codebook, name="Money", parent=theme, **words)
    fix_codebook(codebook=codebook, by=by, as_of=NOW)
    return {"theme": theme, "coaching": coaching, "barriers": barriers, "money": money}


def make_round(first: User, second: User, *, count: int = 4) -> CodingRound:
    add_excerpts(
        passages=[
            passage(f"Excerpt {n}", source=f"P-0{1 + n % 2}", stakeholder=("Coach", "Payer")[n % 2])
            for n in range(count)
        ],
        mask=False,
        by=first,
    )
    return begin_round(
        name="Round",
        codebook=Codebook.objects.get(),
        first=first,
        second=second,
        excerpts=list(Excerpt.objects.all()),
        scope=scope_of(first, on=TODAY),
        by=first,
    )


def code_all(made: CodingRound, by: User, given: list[list[CodebookEntry]]) -> None:
    excerpts = list(made.excerpts.order_by("source__code", "number"))
    for excerpt, codes in zip(excerpts, given, strict=True):
        code_excerpt(coding_round=made, excerpt=excerpt, codes=codes, by=by)


def finished(first: User, second: User) -> tuple[CodingRound, dict[str, CodebookEntry]]:
    """Four excerpts: two alike, two different."""
    codes = make_codebook(first)
    made = make_round(first, second)
    code_all(made, first, [[codes["coaching"]], [codes["money"]], [], [codes["barriers"]]])
    code_all(made, second, [[codes["barriers"]], [codes["money"]], [], [codes["money"]]])
    for by in (first, second):
        made = finish_coding(coding_round=made, by=by, as_of=NOW)
    return made, codes


# --- excerpts --------------------------------------------------------------------------------------------------


def test_excerpts_go_on_behind_those_of_their_source(first: User) -> None:
    add_excerpts(passages=[passage("One"), passage("Two")], mask=False, by=first)
    add_excerpts(passages=[passage("Three")], mask=False, by=first)
    assert list(Excerpt.objects.values_list("source__code", "number", "text")) == [
        ("P-01", 1, "One"), ("P-01", 2, "Two"), ("P-01", 3, "Three"),
    ]  # fmt: skip
    event = AuditEvent.objects.filter(act="add_excerpts").first()
    assert "One" not in str(event.details)


def test_name_in_an_excerpt_is_refused_whole_or_masked(first: User) -> None:
    make_team(name="Harborlight Medical Group")
    named = [passage("Fine words"), passage("We at Harborlight and Mrs. Alvarez")]
    with pytest.raises(StateRefused, match="passage 2: “Harborlight”, “Alvarez”"):
        add_excerpts(passages=named, mask=False, by=first)
    assert not Excerpt.objects.exists()
    add_excerpts(passages=named, mask=True, by=first)
    assert Excerpt.objects.get(number=2).text == "We at [group] and Mrs. [name]"


def test_pseudonym_that_names_somebody_and_facts_that_differ_are_refused(first: User) -> None:
    make_team(name="Harborlight Medical Group")
    with pytest.raises(StateRefused, match="names somebody"):
        add_excerpts(passages=[passage("x", stakeholder="Harborlight staff")], mask=True, by=first)
    add_excerpts(passages=[passage("x")], mask=False, by=first)
    with pytest.raises(StateRefused, match="there already"):
        add_excerpts(passages=[passage("y", stakeholder="Payer")], mask=False, by=first)


def upload(text: str | bytes) -> SimpleUploadedFile:
    body = text.encode() if isinstance(text, str) else text
    return SimpleUploadedFile("excerpts.csv", body, "text/csv")


HEADER = "source,stakeholder,form,month,text\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source,text\nP-01,x\n", "Columns are missing"),
        (HEADER, "no excerpt"),
        (HEADER + "P-01,Coach,interview,2026-13,x\n", "Line 2: check Month"),
        (HEADER + "Harbor,Coach,interview,,x\n", "Line 2: check Pseudonym"),
        (HEADER + "P-01,Coach,letter,,x\n", "Line 2: check From"),
        (HEADER + "P-01,Coach,interview,,\n", "Line 2: check Excerpts"),
        (HEADER.encode() + b"P-01,Coach,interview,,\xff\n", "UTF-8"),
    ],
)
def test_file_that_cannot_be_read_says_where_and_keeps_nothing(
    text: str | bytes, said: str, first: User
) -> None:
    client = signed_in(first)
    response = client.post(reverse("evaluation:import_excerpts"), {"file": upload(text)})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Excerpt.objects.exists()


def test_file_and_pasted_text_become_excerpts(first: User) -> None:
    client = signed_in(first)
    file = upload("\ufeff" + HEADER + 'p-02,Payer,document,2026-05,"Two\n\nparagraphs"\n')
    assert client.post(reverse("evaluation:import_excerpts"), {"file": file}).status_code == 302
    sent = {
        "source": "p-01", "stakeholder": "Coach", "form": "interview", "month": "", "text": "One\r\nline\r\n\r\n\r\nTwo",
    }  # fmt: skip
    assert client.post(reverse("evaluation:add_excerpts"), sent).status_code == 302
    assert sorted(Excerpt.objects.values_list("source__code", "text")) == [
        ("P-01", "One line"), ("P-01", "Two"), ("P-02", "Two paragraphs"),
    ]  # fmt: skip
    source = InterviewSource.objects.get(code="P-02")
    assert (source.form, str(source.month)) == ("document", "2026-05-01")


# --- the codebook ----------------------------------------------------------------------------------------------


def test_new_version_holds_the_old_one_which_stays(first: User) -> None:
    codes = make_codebook(first)
    copy = begin_codebook(note="Second", by=first)
    assert [(e.key, e.level) for e in list_entries(copy)] == [
        ("theme", "theme"), ("coaching", "code"), ("barriers", "subcode"), ("money", "code"),
    ]  # fmt: skip
    entry = copy.entries.get(key="coaching")
    save_entry(
        codebook=copy, entry=entry, name="Coaches", definition="New", when_to_use="", when_not="", by=first
    )  # fmt: skip
    remove_entry(entry=copy.entries.get(key="money"), by=first)
    codes["coaching"].refresh_from_db()
    assert codes["coaching"].name == "Coaching"
    assert Codebook.objects.get(version=1).entries.count() == 4
    assert copy.entries.get(key="coaching").name == "Coaches"


def test_refusals_of_the_codebook(first: User) -> None:
    words = {"definition": "", "when_to_use": "", "when_not": "", "by": first}
    draft = begin_codebook(note="", by=first)
    with pytest.raises(StateRefused, match="is a draft"):
        begin_codebook(note="", by=first)
    theme = save_entry(codebook=draft, name="Theme", **words)
    with pytest.raises(StateRefused, match="there already"):
        save_entry(codebook=draft, name="theme", **words)
    with pytest.raises(StateRefused, match="at least one code"):
        fix_codebook(codebook=draft, by=first, as_of=NOW)
    code = save_entry(codebook=draft, name="Code", parent=theme, **words)
    sub = save_entry(codebook=draft, name="Sub", parent=code, **words)
    with pytest.raises(StateRefused, match="Nothing goes under"):
        save_entry(codebook=draft, name="Deeper", parent=sub, **words)
    fix_codebook(codebook=draft, by=first, as_of=NOW)
    for act in (
        lambda: save_entry(codebook=draft, name="Late", **words),
        lambda: remove_entry(entry=code, by=first),
        lambda: fix_codebook(codebook=draft, by=first, as_of=NOW),
    ):
        with pytest.raises(StateRefused, match="is fixed"):
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        Codebook.objects.create(version=2, made_by=first)
        Codebook.objects.create(version=3, made_by=first)


# --- blind coding ----------------------------------------------------------------------------------------------


def test_coder_never_meets_the_codes_of_the_other_before_both_have_finished(
    first: User, second: User
) -> None:
    codes = make_codebook(first)
    made = make_round(first, second)
    code_all(made, first, [[codes["coaching"]], [], [], [codes["money"]]])
    made = finish_coding(coding_round=made, by=first, as_of=NOW)
    third = make_user(Role.EVALUATOR)
    for reader in (second, third, first):
        its = scope_of(reader, on=TODAY)
        assert read_both_codes(its, made) is None
        assert read_round(its, made) is None
        client = signed_in(reader)
        page = client.get(reverse("evaluation:round", args=[made.pk])).content.decode()
        assert "kappa" not in page.lower()
        for form in ("xlsx", "zip"):
            address = reverse("evaluation:round_file", args=[made.pk, form])
            assert client.get(address).status_code == 404
        excerpt = made.excerpts.first()
        settle = reverse("evaluation:settle_excerpt", args=[made.pk, excerpt.pk])
        assert client.get(settle).status_code == 404
    assert read_own_codes(scope_of(second, on=TODAY), made) == {}
    excerpt = made.excerpts.order_by("source__code", "number").first()
    page = signed_in(second).get(reverse("evaluation:code_excerpt", args=[made.pk, excerpt.pk]))
    assert not re.search(r'name="codes"[^>]*checked', page.content.decode())
    assert not any("codes" in e.details for e in AuditEvent.objects.filter(act="code_excerpt"))


def test_refusals_of_coding(first: User, second: User) -> None:
    codes = make_codebook(first)
    made = make_round(first, second)
    excerpt = made.excerpts.first()
    with pytest.raises(StateRefused, match="two coders"):
        code_excerpt(coding_round=made, excerpt=excerpt, codes=[], by=make_user(Role.EVALUATOR))
    with pytest.raises(StateRefused, match="themes follow"):
        code_excerpt(coding_round=made, excerpt=excerpt, codes=[codes["theme"]], by=first)
    with pytest.raises(StateRefused, match="4 excerpts still to read"):
        finish_coding(coding_round=made, by=first, as_of=NOW)
    with pytest.raises(StateRefused, match="Both coders finish first"):
        settle_excerpt(coding_round=made, excerpt=excerpt, codes=[], reason="", by=first, as_of=NOW)
    add_excerpts(passages=[passage("Later", source="P-09")], mask=False, by=first)
    with pytest.raises(StateRefused, match="not part"):
        code_excerpt(
            coding_round=made, excerpt=Excerpt.objects.get(text="Later"), codes=[], by=first
        )
    code_all(made, first, [[]] * 4)
    made = finish_coding(coding_round=made, by=first, as_of=NOW)
    with pytest.raises(StateRefused, match="You have finished"):
        code_excerpt(coding_round=made, excerpt=excerpt, codes=[], by=first)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda given: given | {"second": given["first"]}, "two people"),
        (lambda given: given | {"second": make_user(Role.COACH)}, "need to be evaluators"),
        (lambda given: given | {"excerpts": []}, "no excerpt"),
    ],
)
def test_refusals_of_a_round(change: Any, reason: str, first: User, second: User) -> None:
    make_codebook(first)
    add_excerpts(passages=[passage("One")], mask=False, by=first)
    given = {
        "name": "Round", "codebook": Codebook.objects.get(), "first": first, "second": second,
        "excerpts": list(Excerpt.objects.all()), "scope": scope_of(first, on=TODAY), "by": first,
    }  # fmt: skip
    with pytest.raises(StateRefused, match=reason):
        begin_round(**change(given))
    draft = begin_codebook(note="", by=first)
    with pytest.raises(StateRefused, match="Fix this version"):
        begin_round(**(given | {"codebook": draft}))


# --- agreement and counts --------------------------------------------------------------------------------------


def test_subcode_counts_as_its_code_and_theme() -> None:
    entries = [
        Entry(1, CodeLevel.THEME, None),
        Entry(2, CodeLevel.CODE, 1),
        Entry(3, CodeLevel.SUBCODE, 2),
    ]
    assert rolled_up(frozenset({3}), entries) == {1, 2, 3}
    found = round_agreement(
        [10, 11],
        entries,
        {10: frozenset({2}), 11: frozenset()},
        {10: frozenset({3}), 11: frozenset()},
    )
    code, sub = found.codes
    assert (code.both, code.first_only, code.second_only, code.neither) == (1, 0, 0, 1)
    assert code.agreement.kappa == pytest.approx(1)
    assert (sub.both, sub.second_only) == (0, 1)
    assert found.overall.kappa == pytest.approx(1)


def test_excerpt_read_by_one_is_left_out_and_a_code_of_nobody_is_undefined() -> None:
    entries = [Entry(1, CodeLevel.THEME, None), Entry(2, CodeLevel.CODE, 1)]
    found = round_agreement(
        [10, 11], entries, {10: frozenset(), 11: frozenset({2})}, {10: frozenset()}
    )
    assert found.codes[0].agreement.items == 1
    assert found.codes[0].agreement.kappa is None
    assert found.overall.kappa is None


def test_what_counts_is_given_alike_or_settled() -> None:
    a, b = frozenset({1}), frozenset({2})
    found = settled_codes([10, 11, 12], {10: a, 11: a, 12: a}, {10: a, 11: b, 12: b}, {12: b})
    assert found == {10: a, 11: None, 12: b}


def test_round_shows_agreement_differences_and_counts(
    first: User, second: User, scope: Scope
) -> None:
    made, codes = finished(first, second)
    result = read_round(scope, made)
    assert [(d.excerpt.text, [e.name for e in d.first_only], [e.name for e in d.second_only]) for d in result.differences] == [
        ("Excerpt 0", ["Coaching"], ["Barriers"]),
        ("Excerpt 3", ["Barriers"], ["Money"]),
    ]  # fmt: skip
    coaching = next(row for row in result.agreement.codes if row.entry_id == codes["coaching"].pk)
    # By code: first 1 0 0 1, second 1 0 0 0; agreed 3 of 4, by chance 0.5 × 0.25 + 0.5 × 0.75.
    assert (coaching.both, coaching.first_only) == (1, 1)
    assert coaching.agreement.kappa == pytest.approx((0.75 - 0.5) / 0.5)
    assert count_codes(made, result).left_out == 2
    settle_excerpt(
        coding_round=made, excerpt=result.differences[0].excerpt, codes=[codes["barriers"]], reason="",
        by=second, as_of=NOW,
    )  # fmt: skip
    again = read_round(scope, made)
    assert again.agreement == result.agreement  # what was given stays as it was
    counts = count_codes(made, again)
    assert counts.stakeholders == ("Coach", "Payer")
    found = {row.entry.name: (row.excerpts, row.sources, row.by_stakeholder) for row in counts.rows}
    assert found["Theme"][0] == 2
    assert found["Barriers"][0] == found["Coaching"][0] == found["Money"][0] == 1
    assert again.open_count == 1
    assert [(r.pk, left) for r, left in list_rounds_to_do(scope)] == [(made.pk, 0)]


def test_files_of_a_round_hold_codes_but_no_coder(first: User, second: User) -> None:
    made, _ = finished(first, second)
    body = signed_in(first).get(reverse("evaluation:round_file", args=[made.pk, "zip"])).content
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    assert set(texts) == {
        "read-me.txt", "codebook.csv", "excerpts.csv", "agreement.csv", "counts.csv", "data-dictionary.csv",
    }  # fmt: skip
    assert "P-01,Coach,interview,1,Excerpt 0,coaching,barriers,,open" in texts["excerpts.csv"]
    assert "all codes" in texts["agreement.csv"]
    together = "\n".join(texts.values())
    for person in (first, second):
        assert person.name not in together
    assert AuditEvent.objects.filter(act="download_evaluation", actor=first).exists()


@pytest.mark.parametrize("role", [r for r in Role if r != Role.EVALUATOR])
def test_interviews_are_for_evaluators_only(role: Role, first: User, second: User) -> None:
    made, codes = finished(first, second)
    client = signed_in(make_user(role))
    excerpt = made.excerpts.first()
    for name, args in (
        ("interviews", []), ("add_excerpts", []), ("import_excerpts", []), ("codebook", []),
        ("codebook_version", [1]), ("codebook_file", [1]), ("add_entry", [1]), ("change_entry", [codes["money"].pk]),
        ("rounds", []), ("begin_round", []), ("round", [made.pk]), ("round_file", [made.pk, "zip"]),
        ("code_excerpt", [made.pk, excerpt.pk]), ("settle_excerpt", [made.pk, excerpt.pk]),
    ):  # fmt: skip
        response = client.get(reverse(f"evaluation:{name}", args=args))
        assert response.status_code == 403, name
        assert "Excerpt 0" not in response.content.decode()
    its = scope_of(make_user(role), on=TODAY)
    assert not list_excerpts(its).exists()


def test_two_people_code_on_pages(first: User, second: User) -> None:
    codes = make_codebook(first)
    add_excerpts(passages=[passage("One"), passage("Two")], mask=False, by=first)
    client, other = signed_in(first), signed_in(second)
    sent = {
        "name": "Pilot", "codebook": Codebook.objects.get().pk, "first": first.pk, "second": second.pk,
    }  # fmt: skip
    assert client.post(reverse("evaluation:begin_round"), sent).status_code == 302
    made = CodingRound.objects.get()
    one, two = made.excerpts.order_by("number")
    at_one = reverse("evaluation:code_excerpt", args=[made.pk, one.pk])
    at_two = reverse("evaluation:code_excerpt", args=[made.pk, two.pk])
    for coder, code in ((client, "coaching"), (other, "money")):
        assert coder.post(at_one, {"codes": [codes[code].pk]})["Location"] == at_two
        assert coder.post(at_two, {})["Location"] == reverse("evaluation:round", args=[made.pk])
        coder.post(reverse("evaluation:finish_coding", args=[made.pk]))
    page = client.get(reverse("evaluation:round", args=[made.pk])).content.decode()
    assert "Where you differ" in page
    settle = reverse("evaluation:settle_excerpt", args=[made.pk, one.pk])
    assert "Only Tom Lindgren" in client.get(settle).content.decode()
    assert (
        client.post(settle, {"codes": [codes["money"].pk], "reason": "Read again"}).status_code
        == 302
    )
    page = client.get(reverse("evaluation:round", args=[made.pk])).content.decode()
    assert "Settled" in page
