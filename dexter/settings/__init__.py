"""Django's settings, all of them derived from `dexter.env.Env`.

site         what Dexter itself reads: the public URL, the issuer, guests, the connector
application  the apps, the middleware in its order, templates, URLs, logging
database     the database, the cache, background work
people       signing up and in: passwords, codes, second factors
oauth        the authorization server: tokens and scopes
rest         the REST API and its OpenAPI document
security     cookies, headers, the content security policy
languages    languages and time
files        static files
mail         how mail leaves

Each name is set in one of them only.
"""

from dexter.settings.application import *
from dexter.settings.database import *
from dexter.settings.files import *
from dexter.settings.languages import *
from dexter.settings.mail import *
from dexter.settings.oauth import *
from dexter.settings.people import *
from dexter.settings.rest import *
from dexter.settings.security import *
from dexter.settings.site import *
