"""Addresses of the harvest: search, the change package, and what groups say about shared tests."""

from django.urls import path

from learning.views import exchange, library, package, package_editing

app_name = "harvest"

_VERSION = "package/versions/<int:number>/"
_CHAPTER = "package/chapters/<int:chapter_id>/"
_IDEA = "package/ideas/<int:chapter_idea_id>/"
_TEST = "shared/<int:cycle_id>/"
_NOMINATION = "nominations/<int:nomination_id>/"

urlpatterns = [
    path("harvest/home/", library.home_part, name="home_part"),
    path("library/", library.search_page, name="search"),
    path("package/", package.package_page, name="package"),
    path(_VERSION, package.version_page, name="version"),
    path(f"{_VERSION}chapters/<int:chapter_id>/", package.chapter_page, name="chapter"),
    path(f"{_VERSION}changes/", package.changes_page, name="changes"),
    path(f"{_VERSION}package.pdf", package.package_pdf, name="package_pdf"),
    path(f"{_VERSION}package.pptx", package.package_slides, name="package_slides"),
    path("package/draft/begin/", package_editing.begin_page, name="begin_draft"),
    path("package/draft/change/", package_editing.change_page, name="change_draft"),
    path("package/draft/publish/", package_editing.publish_page, name="publish"),
    path("package/draft/chapters/add/", package_editing.add_chapter_page, name="add_chapter"),
    path(f"{_CHAPTER}change/", package_editing.change_chapter_page, name="change_chapter"),
    path(f"{_CHAPTER}move/<slug:way>/", package_editing.move_chapter_page, name="move_chapter"),
    path(f"{_CHAPTER}delete/", package_editing.delete_chapter_page, name="delete_chapter"),
    path(f"{_CHAPTER}ideas/add/", package_editing.add_idea_page, name="add_idea"),
    path(f"{_IDEA}change/", package_editing.change_idea_page, name="change_idea"),
    path(f"{_IDEA}delete/", package_editing.delete_idea_page, name="delete_idea"),
    path(
        "package/contributions/<int:contribution_id>/remove/",
        package_editing.remove_contribution_page,
        name="remove_contribution",
    ),
    path("nominations/", package_editing.nominations_page, name="nominations"),
    path(_NOMINATION, package_editing.nomination_page, name="nomination"),
    path(f"{_NOMINATION}decline/", package_editing.decline_page, name="decline"),
    path(f"{_NOMINATION}take-back/", exchange.take_nomination_back_page, name="take_back"),
    path(_TEST, exchange.test_page, name="test"),
    path(f"{_TEST}nominate/", exchange.nominate_page, name="nominate"),
    path(f"{_TEST}tried/", exchange.tried_page, name="tried"),
    path(f"{_TEST}ask/", exchange.ask_page, name="ask"),
    path("shared-questions/<int:question_id>/answer/", exchange.answer_page, name="answer"),
    path("tried/<int:tried_id>/take-back/", exchange.take_tried_back_page, name="take_tried_back"),
]
