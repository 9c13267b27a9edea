"""The one table of who may ask for what."""

import pytest

from app.identity.access import Access, access_of


@pytest.mark.parametrize(
    ("method", "path", "access"),
    [
        ("GET", "/", Access.VIEWER),
        ("GET", "/experiments/{experiment_id}/readout", Access.VIEWER),
        ("POST", "/experiments/{experiment_id}/launch", Access.EDITOR),
        ("GET", "/features", Access.VIEWER),
        ("POST", "/features", Access.EDITOR),
        ("GET", "/suppressions", Access.EDITOR),
        ("GET", "/outbox/{mail_id}", Access.EDITOR),
        ("GET", "/people", Access.ADMIN),
        ("POST", "/people/{user_id}", Access.ADMIN),
        ("POST", "/tokens", Access.ADMIN),
        ("GET", "/tokens", Access.ADMIN),
        ("GET", "/password", Access.VIEWER),
        ("POST", "/password", Access.VIEWER),
        ("POST", "/logout", Access.VIEWER),
        ("GET", "/login", Access.OPEN),
        ("POST", "/login", Access.OPEN),
        ("POST", "/setup", Access.OPEN),
        ("POST", "/u/{token}", Access.PUBLIC),
        ("HEAD", "/u/{token}", Access.PUBLIC),
        ("POST", "/a/{token}", Access.PUBLIC),
        ("GET", "/p/{token}", Access.PUBLIC),
        ("GET", "/ready", Access.PUBLIC),
        ("GET", "/api/v1/experiments/{experiment_id}", Access.VIEWER),
        ("PUT", "/api/v1/key-results/{id}/values/{date}", Access.EDITOR),
        ("GET", "/api/v1/people", Access.EDITOR),
        ("GET", "/api/v1/people/{person_id}/export", Access.EDITOR),
        ("DELETE", "/api/v1/people/{person_id}", Access.ADMIN),
        ("GET", "/api/v1/suppressions", Access.EDITOR),
        ("GET", "/imports/{import_id}/refused", Access.EDITOR),
        ("GET", "/imports/{import_id}/notes", Access.EDITOR),
        ("GET", "/api/v1/imports/{import_id}/refused", Access.EDITOR),
        ("GET", "/api/v1/imports/{import_id}/notes", Access.EDITOR),
        ("POST", "/data-folders/{folder_id}/retire", Access.ADMIN),
        ("POST", "/api/v1/data-folders/{folder_id}/retire", Access.ADMIN),
        ("GET", "/address-ranges", Access.ADMIN),
        ("POST", "/address-ranges/{name}/remove", Access.ADMIN),
        ("GET", "/api/v1/address-ranges", Access.ADMIN),
        ("PUT", "/api/v1/address-ranges/{name}", Access.ADMIN),
    ],
)
def test_each_kind_of_route_asks_for_its_role(method: str, path: str, access: Access):
    assert access_of(method, path) is access


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/secrets"),
        ("GET", "/featuresque"),
        ("GET", "/api/v2/experiments"),
        ("GET", "/login/extra"),
        ("DELETE", "/login"),
        ("POST", "/health"),
        ("POST", "/"),
        ("TRACE", "/features"),
        ("OPTIONS", "/features"),
        ("GET", "/u/{token}/more"),
        ("GET", "/features\n"),
    ],
)
def test_what_is_not_in_the_table_is_refused(method: str, path: str):
    assert access_of(method, path) is None
