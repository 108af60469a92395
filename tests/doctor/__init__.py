"""`manage.py doctor` against proxies that are broken on purpose."""
