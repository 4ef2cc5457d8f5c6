"""Addresses of the teams app."""

from django.urls import path

from teams.views import (
    account,
    attachments,
    audit,
    invitations,
    moderation,
    notifications,
    organisations,
    people,
)

app_name = "teams"
urlpatterns = [
    path("people/", people.people_page, name="people"),
    path("people/invite/", people.invite_page, name="invite"),
    path("people/<int:person_id>/", people.person_page, name="person"),
    path("people/<int:person_id>/close/", people.close_account_page, name="close_account"),
    path("people/<int:person_id>/reopen/", people.reopen_account_page, name="reopen_account"),
    path(
        "people/memberships/<int:membership_id>/end/",
        people.end_membership_page,
        name="end_membership",
    ),
    path(
        "people/memberships/<int:membership_id>/role/", people.change_role_page, name="change_role"
    ),
    path(
        "people/invitations/<int:invitation_id>/resend/",
        people.resend_page,
        name="resend_invitation",
    ),
    path(
        "people/invitations/<int:invitation_id>/withdraw/",
        people.withdraw_page,
        name="withdraw_invitation",
    ),
    path("invitations/<str:secret>/", invitations.invitation_page, name="invitation"),
    path("organisations/", organisations.organisations_page, name="organisations"),
    path("organisations/add/", organisations.add_organisation_page, name="add_organisation"),
    path(
        "organisations/<int:organisation_id>/", organisations.organisation_page, name="organisation"
    ),
    path(
        "organisations/<int:organisation_id>/teams/add/",
        organisations.add_team_page,
        name="add_team",
    ),
    path("organisations/teams/<int:team_id>/", organisations.team_name_page, name="team_name"),
    path("sites/", organisations.sites_page, name="sites"),
    path("sites/add/", organisations.add_site_page, name="add_site"),
    path("sites/<int:site_id>/", organisations.site_page, name="site"),
    path("sites/<int:site_id>/move/", organisations.move_site_page, name="move_site"),
    path("coaches/", organisations.coaches_page, name="coaches"),
    path("coaches/assign/", organisations.assign_coach_page, name="assign_coach"),
    path("coaches/<int:assignment_id>/hand-over/", organisations.hand_over_page, name="hand_over"),
    path("coaches/<int:assignment_id>/end/", organisations.end_coach_page, name="end_coach"),
    path("programme/settings/", organisations.programme_settings_page, name="programme_settings"),
    path("account/", account.profile_page, name="profile"),
    path("account/tokens/", account.tokens_page, name="tokens"),
    path("account/tokens/<int:token_id>/revoke/", account.revoke_token_page, name="revoke_token"),
    path("files/<int:attachment_id>/", attachments.attachment_file, name="attachment"),
    path("notifications/", notifications.notifications_page, name="notifications"),
    path("notifications/read/", notifications.read_all_notifications, name="read_notifications"),
    path(
        "notifications/<int:notification_id>/",
        notifications.open_notification,
        name="open_notification",
    ),
    path(
        "account/notifications/",
        notifications.notification_preferences_page,
        name="notification_preferences",
    ),
    path(
        "account/notifications/stop/<str:signed>/",
        notifications.stop_emails_page,
        name="stop_emails",
    ),
    path(
        "posts/<str:post_type>/<int:post_id>/report/",
        moderation.report_post_page,
        name="report_post",
    ),
    path("moderation/", moderation.held_posts_page, name="held_posts"),
    path("moderation/<int:held_id>/", moderation.held_post_page, name="held_post"),
    path("mail/", notifications.unsent_messages_page, name="unsent_messages"),
    path("mail/<int:message_id>/", notifications.resend_message_page, name="resend_message"),
    path("audit/", audit.audit_page, name="audit"),
    path("audit/download/", audit.audit_download, name="audit_download"),
]
