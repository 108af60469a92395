"""The forms with which staff set up a client, and choose its logo."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from oauth.errors import LogoRefused
from oauth.logos import MAX_SIDE, MAX_UPLOAD_BYTES, read_logo
from oauth.models import Client, ClientLogo
from oauth.redirects import is_acceptable_redirect_uri
from oauth.resources import is_canonical_resource


class ClientSetupForm(forms.ModelForm[Client]):
    """A client that staff vouch for. The same rules for redirect URIs as at registration."""

    confidential = forms.BooleanField(
        label=_("keeps a secret"),
        required=False,
        help_text=_("A server can keep one; an app on a person's device cannot."),
    )

    class Meta:
        model = Client
        fields = [
            "name",
            "redirect_uris",
            "confidential",
            "served_resource",
            "serves_legacy_family",
            "may_resolve_identities",
        ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["name"].required = True
        self.fields["redirect_uris"].help_text = _("One on each line.")

    def clean_redirect_uris(self) -> str:
        """Each must be one that could be registered."""
        uris = self.cleaned_data["redirect_uris"].split()
        for uri in uris:
            if not is_acceptable_redirect_uri(uri, private_schemes=settings.DEXTER_PRIVATE_REDIRECT_SCHEMES):
                raise forms.ValidationError(
                    _("%(uri)s is not https, http on a loopback host, or an allowed private scheme."),
                    params={"uri": uri},
                )
        return " ".join(uris)

    def clean_may_resolve_identities(self) -> bool:
        """Only for a client that can prove itself."""
        wanted: bool = self.cleaned_data["may_resolve_identities"]
        if wanted and not self.cleaned_data.get("confidential"):
            raise forms.ValidationError(_("Only a client that keeps a secret may look up identities."))
        return wanted

    def clean_served_resource(self) -> str:
        """The one resource there is, in its canonical spelling."""
        resource = self.cleaned_data["served_resource"]
        if resource and not is_canonical_resource(resource):
            raise forms.ValidationError(
                _("The only resource here is %(resource)s."), params={"resource": settings.DEXTER_RESOURCE}
            )
        return settings.DEXTER_RESOURCE if resource else ""

    def _post_clean(self) -> None:
        """Nothing: `Client.clean` is django-oauth-toolkit's and knows neither private schemes nor our rules."""


class ClientLogoForm(forms.ModelForm[ClientLogo]):
    """The logo of a client that does not speak for itself. It is drawn anew; the file is not kept."""

    upload = forms.FileField(
        label=_("logo"),
        help_text=_("PNG, JPEG or WebP, square, on white or on nothing; 512 KiB and 2,048 pixels a side at most."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )

    class Meta:
        model = ClientLogo
        fields = ["client"]

    def clean_client(self) -> Client:
        """Not one that can give itself another name, under a logo that was chosen for this one."""
        client: Client = self.cleaned_data["client"]
        if not client.may_show_logo:
            raise forms.ValidationError(_("It registered itself, and can give itself another name at any time."))
        return client

    def clean_upload(self) -> bytes:
        """What is kept of the file."""
        upload: UploadedFile = self.cleaned_data["upload"]
        try:
            return read_logo(upload.read(MAX_UPLOAD_BYTES + 1))
        except LogoRefused:
            raise forms.ValidationError(
                _("That is no PNG, JPEG or WebP file, or it has more than %(size)s KiB or %(side)s pixels a side."),
                params={"size": MAX_UPLOAD_BYTES // 1024, "side": MAX_SIDE},
            ) from None
