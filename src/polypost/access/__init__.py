"""Projects, their API keys, and how often either may call."""

from polypost.access.keyring import Keyring
from polypost.access.keys import well_formed
from polypost.access.limits import Allowance, SigningIn, Throttle
from polypost.access.service import (
    SCOPES,
    ApiKey,
    Principal,
    Project,
    change_project,
    create_key,
    create_project,
    get_key,
    get_project,
    list_keys,
    list_projects,
    newest_keys,
    rename_project,
    revoke_key,
)

__all__ = [
    "SCOPES",
    "Allowance",
    "ApiKey",
    "Keyring",
    "Principal",
    "Project",
    "SigningIn",
    "Throttle",
    "change_project",
    "create_key",
    "create_project",
    "get_key",
    "get_project",
    "list_keys",
    "list_projects",
    "newest_keys",
    "rename_project",
    "revoke_key",
    "well_formed",
]
