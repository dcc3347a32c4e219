from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from accounts.sessions import sessions_ended
        from conversations.live import tell_session_ended
        from conversations.turns import stop_for_the_inactive

        sessions_ended.connect(tell_session_ended)
        sessions_ended.connect(stop_for_the_inactive)
