"""The REST API for other front ends: the same services as the pages and the tools, spoken as JSON."""
