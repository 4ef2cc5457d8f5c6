"""Addresses of the grants app."""

from django.urls import path

from grants.views import acts, calls, changes, money, pages, plans, reports

app_name = "grants"
urlpatterns = [
    path("", pages.home_page, name="home"),
    path("teams/<str:code>/", pages.team_page, name="team"),
    path("teams/<str:code>/plan/", plans.plan_page, name="plan"),
    path("teams/<str:code>/plan/add/", plans.add_plan_page, name="add_plan"),
    path("plans/<int:plan_id>/", plans.change_plan_page, name="change_plan"),
    path("plans/<int:plan_id>/sign/", plans.sign_plan_page, name="sign_plan"),
    path("plans/<int:plan_id>/file.<str:form>", plans.plan_file, name="plan_file"),
    path("awards/add/", changes.add_award_page, name="add_award"),
    path("awards/<int:award_id>/", pages.award_page, name="award"),
    path("awards/<int:award_id>/history/", pages.history_page, name="history"),
    path("awards/<int:award_id>/change/", changes.change_award_page, name="change_award"),
    path("awards/<int:award_id>/amend/", changes.amend_page, name="amend"),
    path("awards/<int:award_id>/budget/", changes.budget_page, name="budget"),
    path("awards/<int:award_id>/do/<str:act>/", acts.award_act, name="award_act"),
    path("payments/<int:tranche_id>/", pages.tranche_page, name="tranche"),
    path("payments/<int:tranche_id>/evidence.pdf", pages.evidence_file, name="evidence"),
    path("payments/<int:tranche_id>/do/<str:act>/", acts.tranche_act, name="tranche_act"),
    path("conditions/<int:milestone_id>/", pages.milestone_page, name="milestone"),
    path("conditions/<int:milestone_id>/do/<str:act>/", acts.milestone_act, name="milestone_act"),
    path("reports/<int:report_id>/", reports.report_page, name="report"),
    path("reports/<int:report_id>/start/", reports.start_page, name="start_report"),
    path("reports/<int:report_id>/lines/", reports.lines_page, name="report_lines"),
    path("reports/<int:report_id>/files/", reports.attach_page, name="report_files"),
    path("reports/<int:report_id>/do/<str:act>/", acts.report_act, name="report_act"),
    path("amendments/<int:amendment_id>/", changes.amendment_page, name="amendment"),
    path("amendments/<int:amendment_id>/do/<str:act>/", acts.amendment_act, name="amendment_act"),
    path("calls/", calls.calls_page, name="calls"),
    path("calls/add/", calls.add_call_page, name="add_call"),
    path("calls/<int:call_id>/", calls.call_page, name="call"),
    path("calls/<int:call_id>/apply/<str:code>/", calls.apply_page, name="apply"),
    path("applications/<int:application_id>/", calls.application_page, name="application"),
    path(
        "applications/<int:application_id>/withdraw/",
        calls.withdraw_application_page,
        name="withdraw_application",
    ),
    path("portfolio/", money.portfolio_page, name="portfolio"),
    path("portfolio.csv", money.portfolio_file, name="portfolio_file"),
    path("conditions/", money.matrix_page, name="matrix"),
    path("finance/", money.finance_page, name="finance"),
    path("funds/add/", money.add_fund_page, name="add_fund"),
    path("funds/<int:fund_id>/", money.fund_page, name="fund"),
    path("funds/<int:fund_id>/receipts/add/", money.receipt_page, name="add_receipt"),
    path("funds/<int:fund_id>/reconcile.csv", money.reconcile_file, name="reconcile"),
    path("rules/", money.rules_page, name="rules"),
]
