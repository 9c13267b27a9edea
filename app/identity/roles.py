"""What somebody may do, from looking to deciding who may look."""

from enum import StrEnum

from app.platform.errors import Invalid


class Role(StrEnum):
    """Each may do what those before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether this role reaches that one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


def role_named(name: str) -> Role:
    """The role, or a sentence naming those that there are."""
    try:
        return Role(name)
    except ValueError:
        raise Invalid.at("role", "The role must be one of viewer, editor, admin.") from None
