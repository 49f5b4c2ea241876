"""Connected accounts: their tokens, sealed and kept alive, and the way in by OAuth."""

from polypost.integrations.account_calls import AccountCalls
from polypost.integrations.apps import Apps, OAuthApp
from polypost.integrations.connect import Connect, Finished, Introduce
from polypost.integrations.disconnect import Disconnect
from polypost.integrations.lookup import Lookup, account_of
from polypost.integrations.master import load_master_keys
from polypost.integrations.masters import MasterKeyMissing, MasterKeys
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession
from polypost.integrations.signin import SignIn
from polypost.integrations.tokens import TokenSource
from polypost.integrations.vault import MasterKeyWrong, SealBroken, Vault, has_secrets

__all__ = [
    "AccountCalls",
    "AccountSession",
    "Apps",
    "Connect",
    "Disconnect",
    "Finished",
    "Integration",
    "Introduce",
    "Lookup",
    "MasterKeyMissing",
    "MasterKeyWrong",
    "MasterKeys",
    "OAuthApp",
    "SealBroken",
    "SignIn",
    "TokenSource",
    "Vault",
    "account_of",
    "has_secrets",
    "load_master_keys",
]
