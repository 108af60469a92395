"""The audit tags of linking."""

from __future__ import annotations

from enum import StrEnum

# Why a guess was refused that was not even counted. Whoever is locked can make any number of these.
WHILE_LOCKED = ("account_locked", "address_locked")
# Why a code was not made; the same holds for these.
TOO_MANY_CODES = "too_many_codes"


class LinkingAction(StrEnum):
    """What happens to codes, guesses and links."""

    CODE_MINTED = "linking.code.minted"
    CODE_OFFERED = "linking.code.offered"
    CODE_REDEEMED = "linking.code.redeemed"
    CODE_PREVIEWED = "linking.code.previewed"
    CODE_DECLINED = "linking.code.declined"
    CODES_SWEPT = "linking.codes.swept"
    MINTING_REFUSED = "linking.minting.refused"
    GUESS_REFUSED = "linking.guess.refused"
    ACCOUNT_LOCKED = "linking.account.locked"
    GUESSES_ALARMED = "linking.guesses.alarmed"
    IDENTITY_RESOLVED = "linking.identity.resolved"
    LINK_CONFIRMED = "linking.link.confirmed"
    LINK_REFUSED = "linking.link.refused"
    LINK_REMOVED = "linking.link.removed"
    LINK_DISOWNED = "linking.link.disowned"
