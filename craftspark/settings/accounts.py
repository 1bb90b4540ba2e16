"""What the HTTP functions need to know whom they answer, and the functions of accounts."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class TokenSettings(Settings):
    """What every function of the HTTP API needs. A token needs one of the scopes, which spaces separate."""

    token_scopes: str


@dataclass(frozen=True, kw_only=True)
class AccountSettings(Settings):
    """What `read_account` and `list_ledger` need. `default_plan` is a new maker's."""

    accounts_table: str
    default_plan: str


@dataclass(frozen=True, kw_only=True)
class AdminSettings(AccountSettings):
    """What the administrative functions need."""

    jobs_table: str


@dataclass(frozen=True, kw_only=True)
class DirectorySettings(Settings):
    """What `find_makers` has beside AdminSettings. `user_pool_id` is empty where the stage has another issuer."""

    user_pool_id: str
