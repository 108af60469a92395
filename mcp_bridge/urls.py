"""The front page, the page that a browser sees at `/mcp`, and what a load balancer asks."""

from django.urls import path

from mcp_bridge import views

app_name = "mcp_bridge"

urlpatterns = [
    path("", views.home, name="home"),
    path("connect", views.connect, name="connect"),
    path("mcp", views.page, name="page"),
    # The same page: no protocol URL redirects, whatever people type.
    path("mcp/", views.page),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
