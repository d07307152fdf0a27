from notifications.checks import check_accounts, check_user_model
from notifications.tests.accounts import fcm_account


def test_our_own_users_will_do():
    assert check_user_model(None) == []


def test_project_whose_users_lack_a_field_is_told(settings):
    settings.AUTH_USER_MODEL = "auth.Group"

    said = [error.msg for error in check_user_model(None)]

    assert "The user model has no field time_zone." in said


def test_account_without_its_credentials_is_told(settings):
    settings.NOTIFICATIONS = {**fcm_account(), "APNS": {"key": "k", "key_id": ""}}

    [error] = check_accounts(None)

    assert error.msg == "NOTIFICATIONS['APNS'] lacks key_id, team_id, topic, url."
