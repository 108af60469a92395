"""What is done to linking codes, links and connections. Each service owns its transaction and its audit row."""

from linking.services.codes import MintedCode, mint_linking_code, offer_linking_code
from linking.services.connections import (
    connections_of,
    connections_state,
    scopes_that_act,
    sharing_identity,
    stamp_of,
)
from linking.services.disowning import disown, find_disowning
from linking.services.ending import end_all_connections, end_connection
from linking.services.guesses import guesses_left, typing_locked_until
from linking.services.leaving import delete_account, end_unproven_connections
from linking.services.links import (
    confirm_link,
    disown_link,
    remove_link,
    remove_own_link,
    unlink_for_staff,
    unlink_identity,
)
from linking.services.resolving import resolve_identity
from linking.services.sweeping import sweep_linking
from linking.services.typed import decline_link, preview_linking_code, redeem_linking_code

__all__ = [
    "MintedCode",
    "confirm_link",
    "connections_of",
    "connections_state",
    "decline_link",
    "delete_account",
    "disown",
    "disown_link",
    "end_all_connections",
    "end_connection",
    "end_unproven_connections",
    "find_disowning",
    "guesses_left",
    "mint_linking_code",
    "offer_linking_code",
    "preview_linking_code",
    "redeem_linking_code",
    "remove_link",
    "remove_own_link",
    "resolve_identity",
    "scopes_that_act",
    "sharing_identity",
    "stamp_of",
    "sweep_linking",
    "typing_locked_until",
    "unlink_for_staff",
    "unlink_identity",
]
