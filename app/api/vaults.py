"""The vault and the allowed hosts of this installation, for routes."""

from typing import Annotated

from fastapi import Depends, Request

from app.platform.vault import Vault


def vault_of(request: Request) -> Vault:
    """The vault of this installation."""
    return Vault.at(request.app.state.settings)


def hosts_of(request: Request) -> tuple[str, ...]:
    """Private hosts that the operator allows."""
    hosts: tuple[str, ...] = request.app.state.settings.allow_private_sources
    return hosts


OurVault = Annotated[Vault, Depends(vault_of)]
Hosts = Annotated[tuple[str, ...], Depends(hosts_of)]
