from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "linking"

    def ready(self) -> None:
        """Let whoever proves an address be rid of the assistants that somebody else connected before."""
        # Models can be imported from here on, and not before.
        from accounts.proofs import also_forget
        from linking.services import end_unproven_connections

        also_forget(end_unproven_connections)
