"""Clients that are described by a document at their client ID (draft-ietf-oauth-client-id-metadata-document).

A stored copy answers whenever it can. A document is fetched at the authorization endpoint only, and keys before the
token endpoint's transaction begins: nothing here may be called inside a transaction, because a slow host would keep it
open.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.addresses import address_block
from accounts.audit import record_audit
from accounts.models import AuditEntry
from oauth.audit import OAuthAction
from oauth.client_keys import read_keys
from oauth.document_metadata import DocumentMetadata
from oauth.document_urls import fault_of_document_url
from oauth.errors import ClientDocumentRefused, DocumentNotFetched, FetchesBusy, NewDocumentsLimited, RegistrationError
from oauth.fetching import FetchedDocument, fetch_document
from oauth.metadata_fields import parse_object
from oauth.models import Client, ClientDocument

log = structlog.get_logger(__name__)

# Site-wide, in any hour: each costs a fetch from a host that a stranger chose, and a row.
MAX_NEW_DOCUMENTS_AN_HOUR = 100
# Of these, for one address: nobody takes all places and keeps everybody else's new assistants out.
MAX_NEW_DOCUMENTS_AN_ADDRESS = 20
# After a failure; for a known document, and for its keys, it doubles with each further one. Anybody may name a host
# that is not theirs in a document of their own: what fails there is asked for less and less. Keys that the host does
# serve are fetched once a minute at most for each document, of which there are MAX_NEW_DOCUMENTS_AN_HOUR new ones, and
# those that nobody uses are gone after a day.
MIN_BACKOFF, MAX_BACKOFF = timedelta(minutes=1), timedelta(hours=1)


def refresh_client_document(*, client_id: str, address: str | None) -> None:
    """Make sure that the stored copy of the document at `client_id` may be used, fetching the document if it is due.

    A client that staff set up under a URL is left as they made it (draft §7.2).

    Raises:
        NewDocumentsLimited: the document is unknown, and too many unknown ones were asked for in the last hour.
        ClientDocumentRefused: there is no copy that may be used; it is audited with the reason.
    """
    try:
        client = Client.objects.select_related("document").filter(client_id=client_id).first()
        if client is not None and not (client.is_document and client.is_usable(None)):
            return
        document: ClientDocument | None = getattr(client, "document", None)
        if document is None:
            _fetch_new(client_id, address)
        else:
            _fetch_again_if_due(document, address)
    except DocumentNotFetched as failure:
        reason = failure.reason[:120]
        record_audit(OAuthAction.CLIENT_DOCUMENT_FAILED, client_id=client_id, address=address, reason=reason)
        raise ClientDocumentRefused(reason) from None
    except ClientDocument.DoesNotExist:
        raise ClientDocumentRefused("deleted_meanwhile") from None
    except ClientDocumentRefused as refusal:
        record_audit(OAuthAction.CLIENT_DOCUMENT_REFUSED, client_id=client_id, address=address, reason=refusal.reason)
        raise


def refresh_client_keys(*, document: ClientDocument) -> ClientDocument:
    """Fetch the keys of a client again, at most once a minute, and return the document as it then is.

    After failures the pause is longer. When the fetch fails the stored keys stay; `keys_are_awaited` tells.

    Raises:
        ClientDocument.DoesNotExist: the client was deleted meanwhile.
    """
    now = timezone.now()
    pause = _pause_after(document.keys_failures if document.jwks_uri else document.failures)
    unclaimed = ClientDocument.objects.filter(
        Q(keys_attempted_at=None) | Q(keys_attempted_at__lte=now - pause), pk=document.pk
    )
    # One worker fetches; for the others the keys are awaited meanwhile.
    if unclaimed.update(keys_attempted_at=now):
        if document.jwks_uri:
            _fetch_keys(document)
        else:
            _fetch_again(document, address=None)
    return ClientDocument.objects.select_related("client").get(pk=document.pk)


def _fetch_new(client_id: str, address: str | None) -> None:
    now = timezone.now()
    if fault := fault_of_document_url(client_id):
        raise ClientDocumentRefused(fault)
    failed = AuditEntry.objects.filter(action=OAuthAction.CLIENT_DOCUMENT_FAILED, created_at__gt=now - MIN_BACKOFF)
    if failed.filter(client_id=client_id).exists():
        raise ClientDocumentRefused("failed_a_minute_ago")
    _count_new_document(client_id, address, now)
    try:
        metadata, fetched = _fetch(client_id)
    except FetchesBusy as failure:
        raise NewDocumentsLimited(failure.reason) from None
    _fetch_keys(_store(client_id, metadata, fetched, address))


def _count_new_document(client_id: str, address: str | None, now: datetime) -> None:
    """Take one of the hour's places, before the fetch and for good: what fails was asked for too.

    The row is written before it is counted, so that of workers that come at once no more than the limit get through.
    The share of one address is a matter of fairness, and may be missed by as many as come at once.
    """
    requested = AuditEntry.objects.filter(
        action=OAuthAction.CLIENT_DOCUMENT_REQUESTED, created_at__gt=now - timedelta(hours=1)
    )
    if address is not None:
        before = requested.exclude(address=None).values_list("address", flat=True)[:MAX_NEW_DOCUMENTS_AN_HOUR]
        if [address_block(each) for each in before].count(address_block(address)) >= MAX_NEW_DOCUMENTS_AN_ADDRESS:
            raise NewDocumentsLimited("limit_of_address")
    if requested.count() < MAX_NEW_DOCUMENTS_AN_HOUR:
        record_audit(OAuthAction.CLIENT_DOCUMENT_REQUESTED, client_id=client_id, address=address)
        if requested.count() <= MAX_NEW_DOCUMENTS_AN_HOUR:
            return
    raise NewDocumentsLimited("limit_an_hour")


def _fetch_again_if_due(document: ClientDocument, address: str | None) -> None:
    now = timezone.now()
    if document.next_fetch_at <= now:
        # One worker fetches; for the others the stored copy answers meanwhile.
        unclaimed = ClientDocument.objects.filter(pk=document.pk, next_fetch_at=document.next_fetch_at)
        if unclaimed.update(next_fetch_at=now + MIN_BACKOFF):
            _fetch_again(document, address)
        document.refresh_from_db()
    if document.has_lapsed(now):
        raise ClientDocumentRefused("lapsed")
    if document.jwks_uri and document.keys_are_due(now):
        refresh_client_keys(document=document)


def _fetch_again(document: ClientDocument, address: str | None) -> None:
    client_id = document.client.client_id
    try:
        metadata, fetched = _fetch(client_id)
    except FetchesBusy:
        return
    except DocumentNotFetched as fault:
        failures = min(document.failures + 1, 1000)
        reason = fault.reason[:120]
        with transaction.atomic():
            ClientDocument.objects.filter(pk=document.pk).update(
                failures=failures, failure=reason, next_fetch_at=timezone.now() + _pause_after(failures)
            )
            record_audit(OAuthAction.CLIENT_DOCUMENT_FAILED, client_id=client_id, address=address, reason=reason)
        return
    _store(client_id, metadata, fetched, address)


def _pause_after(failures: int) -> timedelta:
    """How long not to ask again after so many failures in a row."""
    return min(MIN_BACKOFF * 2 ** min(max(failures - 1, 0), 10), MAX_BACKOFF)


def _fetch(client_id: str) -> tuple[DocumentMetadata, FetchedDocument]:
    """A document that keeps the rules; one that breaks them is as good as none."""
    fetched = fetch_document(client_id)
    try:
        return DocumentMetadata.from_json(fetched.body, url=client_id), fetched
    except RegistrationError as fault:
        raise DocumentNotFetched(fault.fault) from None


def _fetch_keys(document: ClientDocument) -> None:
    """Fetch the keys from where the document says they are. A client may do without them, or asks again."""
    if not document.jwks_uri:
        return
    try:
        fetched = fetch_document(document.jwks_uri)
        keys = read_keys(parse_object(fetched.body))
    except FetchesBusy:
        return
    except (DocumentNotFetched, RegistrationError) as fault:
        log.warning("client_keys.fetch_failed", client_id=document.client.client_id, reason=str(fault.reason))
        ClientDocument.objects.filter(pk=document.pk).update(keys_failures=min(document.keys_failures + 1, 1000))
        return
    now = timezone.now()
    # Not for a document that says meanwhile that its keys are elsewhere.
    ClientDocument.objects.filter(pk=document.pk, jwks_uri=document.jwks_uri).update(
        keys=keys, keys_fetched_at=now, keys_fresh_until=now + fetched.max_age, keys_failures=0
    )


@transaction.atomic
def _store(client_id: str, metadata: DocumentMetadata, fetched: FetchedDocument, address: str | None) -> ClientDocument:
    """Keep what the document says. An open consent page notices a change by its stamp and asks again."""
    client, is_new = Client.objects.select_for_update().get_or_create(
        client_id=client_id,
        defaults={
            "registration_source": Client.RegistrationSource.CIMD,
            "authorization_grant_type": Client.GRANT_AUTHORIZATION_CODE,
            "algorithm": Client.RS256_ALGORITHM,
            "client_type": Client.CLIENT_PUBLIC,
        },
    )
    if not client.is_document:
        raise ClientDocumentRefused("client_id_taken")
    described = {
        "name": metadata.client_name,
        "redirect_uris": " ".join(metadata.redirect_uris),
        "grant_types": list(metadata.grant_types),
        "client_uri": metadata.client_uri,
        "client_type": Client.CLIENT_CONFIDENTIAL if metadata.must_authenticate else Client.CLIENT_PUBLIC,
        "token_endpoint_auth_method": str(
            Client.AuthMethod.PRIVATE_KEY_JWT if metadata.must_authenticate else Client.AuthMethod.NONE
        ),
    }
    changed = sorted(field for field, value in described.items() if getattr(client, field) != value)
    for field in changed:
        setattr(client, field, described[field])
    if changed:
        client.save(update_fields=[*changed, "updated"])
    if is_new or changed:
        action = OAuthAction.CLIENT_DOCUMENT_STORED if is_new else OAuthAction.CLIENT_DOCUMENT_CHANGED
        record_audit(action, client_id=client_id, address=address, detail={"fields": changed})
    return _store_copy(client, metadata, fetched)


def _store_copy(client: Client, metadata: DocumentMetadata, fetched: FetchedDocument) -> ClientDocument:
    now = timezone.now()
    fresh_until = now + fetched.max_age
    copy = {
        "fetched_at": now,
        "next_fetch_at": fresh_until,
        "failures": 0,
        "failure": "",
        "signing_alg": metadata.signing_alg,
        "jwks_uri": metadata.jwks_uri,
    }
    stored = ClientDocument.objects.filter(client=client).first()
    if not metadata.jwks_uri:
        copy |= {"keys": metadata.keys, "keys_fetched_at": now, "keys_fresh_until": fresh_until}
    elif stored is None or stored.jwks_uri != metadata.jwks_uri:
        # Another address is asked at once. A document is fetched again after five minutes at the earliest.
        copy |= {"keys": [], "keys_fetched_at": None, "keys_fresh_until": None}
        copy |= {"keys_attempted_at": None, "keys_failures": 0}
    return ClientDocument.objects.update_or_create(client=client, defaults=copy)[0]
