"""Pages of the accounts app: signing in, and what a person looks after in their account."""
