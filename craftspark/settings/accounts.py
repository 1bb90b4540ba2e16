"""Settings that every HTTP function needs, and those of the functions for accounts."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class TokenSettings(Settings):
    """Settings of every HTTP function. A token needs one of these space-separated scopes."""

    token_scopes: str


@dataclass(frozen=True, kw_only=True)
class AccountSettings(Settings):
    """What functions for accounts need. `default_plan` is the plan of new makers."""

    accounts_table: str
    default_plan: str


@dataclass(frozen=True, kw_only=True)
class DirectorySettings(Settings):
    """Settings of `find_makers`, with AccountSettings. `user_pool_id` is empty if the stage has another issuer."""

    user_pool_id: str


@dataclass(frozen=True, kw_only=True)
class GroupSettings(Settings):
    """What `add_scopes` needs: the group of administrators, and the scope that its members get."""

    administrators: str
    admin_scope: str
