"""Every page in every state, as a browser sees it: `catalogue.py` lists them all."""
