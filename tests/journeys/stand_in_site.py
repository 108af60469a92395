"""Dexter on an internet that is made for a journey: `uvicorn tests.journeys.stand_in_site:application`.

`STAND_INS` names, as JSON, the hosts there are with the loopback port of each, and the authority that their
certificates are from. Only the last steps of a fetch are replaced; see `oauth.tests.stand_ins`. Nothing outside the
tests can do this: the site itself has no setting for it.
"""

from __future__ import annotations

import json
import os

from dexter.asgi import application
from oauth.tests.stand_ins import StandIns

__all__ = ["application"]

_internet = json.loads(os.environ["STAND_INS"])
_stand_ins = StandIns()
for _name, _port in _internet["hosts"].items():
    _stand_ins.route(_name, _port)
_stand_ins.install(setattr, authority=_internet["authority"])
