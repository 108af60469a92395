"""The pages on which people link assistants and see what is connected."""

from django.urls import path

from linking.views.account import account, end, end_all, state, unlink
from linking.views.activity import activity
from linking.views.disown import disown
from linking.views.link import confirm, done, link
from linking.views.offer import offer, offer_state
from linking.views.personal_data import data, delete, download

app_name = "linking"

urlpatterns = [
    path("link", link, name="link"),
    path("link/confirm", confirm, name="confirm"),
    path("link/code", offer, name="offer"),
    path("link/code/state", offer_state, name="offer_state"),
    path("link/done", done, name="done"),
    path("link/disown", disown, name="disown"),
    path("account/", account, name="account"),
    path("account/state", state, name="state"),
    path("account/activity/", activity, name="activity"),
    path("account/data/", data, name="data"),
    path("account/data/download", download, name="download"),
    path("account/delete/", delete, name="delete"),
    path("account/connections/end-all", end_all, name="end_all"),
    path("account/connections/<uuid:session_id>/end", end, name="end"),
    path("account/links/<uuid:link_id>/unlink", unlink, name="unlink"),
]
