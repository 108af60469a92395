"""The authorization server's endpoints, one module each."""
