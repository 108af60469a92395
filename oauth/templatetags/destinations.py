"""Where connections go, as pages and mails say it."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext

from oauth.redirects import DestinationKind

register = template.Library()


@register.filter
def destination(host: str, kind: DestinationKind) -> str:
    """Where a connection goes, for somebody who may sit at another device than the one on which it was made.

    `127.0.0.1` says nothing to them, or says that it is theirs.
    """
    if kind == DestinationKind.PROGRAM:
        return gettext("a program on the device where it was connected, %(host)s") % {"host": host}
    if kind == DestinationKind.APP:
        return gettext("an app on the device where it was connected, %(host)s") % {"host": host.removesuffix(":")}
    return host
