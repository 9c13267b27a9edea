"""Each role may do what those before it may."""

import pytest

from app.identity.roles import Role, role_named
from app.platform.errors import Invalid


def test_an_admin_may_what_an_editor_may_and_an_editor_what_a_viewer_may():
    reach = {role: [needed for needed in Role if role.may(needed)] for role in Role}

    assert reach == {
        Role.VIEWER: [Role.VIEWER],
        Role.EDITOR: [Role.VIEWER, Role.EDITOR],
        Role.ADMIN: [Role.VIEWER, Role.EDITOR, Role.ADMIN],
    }


@pytest.mark.parametrize("name", ["", "Admin", "owner", "admin "])
def test_another_word_is_no_role(name: str):
    with pytest.raises(Invalid, match="viewer, editor, admin"):
        role_named(name)
