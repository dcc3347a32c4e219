from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Members"  # "Accounts" is what allauth calls its e-mail addresses

    def ready(self) -> None:
        from accounts import sessions  # noqa: F401 - listens
