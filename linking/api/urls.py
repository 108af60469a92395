"""The REST API's URLs. No trailing slashes, no redirects (design §5)."""

from django.urls import path

from linking.api import views
from linking.api.documents import show_document, show_reference
from oauth.endpoints import for_programs

app_name = "api"

urlpatterns = [
    path("api/link/status", views.LinkStatus.as_view(), name="status"),
    path("api/link/preview", views.LinkPreview.as_view(), name="preview"),
    path("api/link/verify", views.LinkVerify.as_view(), name="verify"),
    path("api/link/generate", views.LinkGenerate.as_view(), name="generate"),
    path("api/link/remove", views.LinkRemove.as_view(), name="remove"),
    path("api/identity/resolve", views.IdentityResolve.as_view(), name="resolve"),
    path("api/connections", views.Connections.as_view(), name="connections"),
    path("api/connections/<uuid:connection_id>", views.Connection.as_view(), name="connection"),
    path("api/schema", for_programs(show_document), name="schema"),
    path("api/docs", show_reference, name="docs"),
]
