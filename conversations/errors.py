"""Every refusal a person can meet in a conversation.

ChatError
 ├─ BadFrame        (the frame itself is wrong)      bad_json, too_large, unknown_type, bad_field
 ├─ BadText         (what was said cannot be kept)   empty_text, text_too_long, bad_text
 ├─ NotFound        (missing, or not yours)          not_found
 ├─ Conflict                                         idempotency_conflict
 ├─ OwnerOnly                                        owner_only
 ├─ SummaryChanged                                   summary_changed
 ├─ CannotGoOn      (with this answer)               still_open, followed, nothing_to_continue
 ├─ UnknownPersonality                               unknown_personality
 ├─ (no class of its own)                            nothing_new, too_many_open
 └─ TryLater        (nothing wrong with the request) busy, rate_limited, unavailable, fault
"""


class ChatError(Exception):
    """A refusal: a `code` for programs, a sentence for people, and whether trying again helps."""

    status = 400
    retryable = False

    def __init__(self, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after  # seconds


class BadFrame(ChatError):
    pass


class BadText(ChatError):
    pass


class NotFound(ChatError):
    status = 404

    def __init__(self, noun: str = "conversation") -> None:
        super().__init__("not_found", f"There is no such {noun}, or it is not shared with you.")


class Conflict(ChatError):
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "idempotency_conflict", "This message was sent before with another text. Send it as a new one."
        )


class OwnerOnly(ChatError):
    status = 403

    def __init__(self) -> None:
        super().__init__("owner_only", "Only the owner of this conversation can do that.")


class SummaryChanged(ChatError):
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "summary_changed", "There is a newer summary by now. Look at it, and write your words into that one."
        )


class CannotGoOn(ChatError):
    status = 409


def still_open() -> CannotGoOn:
    return CannotGoOn("still_open", "This answer is still being written.")


def followed() -> CannotGoOn:
    return CannotGoOn("followed", "The conversation went on after this answer. Ask for more in a new message.")


def nothing_to_continue() -> CannotGoOn:
    return CannotGoOn("nothing_to_continue", "This answer is whole, or has no words yet. Have it written anew instead.")


def nothing_new() -> ChatError:
    return ChatError("nothing_new", "Nothing was said since then.")


def too_many_open() -> ChatError:
    return ChatError("too_many_open", "Too many conversations are open in this window. Reload the page to go on here.")


class UnknownPersonality(ChatError):
    def __init__(self) -> None:
        super().__init__("unknown_personality", "Nobody of that name answers here. Choose another personality.")


class TryLater(ChatError):
    status = 503
    retryable = True


def busy() -> TryLater:
    return TryLater("busy", "Many answers already wait in this conversation. Try again when one is done.")


def rate_limited(seconds: float) -> TryLater:
    return TryLater("rate_limited", "That was a little fast. Try again in a moment.", retry_after=seconds)


def unavailable() -> TryLater:
    return TryLater("unavailable", "Parley cannot store anything right now; try again.")


def uncertain() -> TryLater:
    """As `unavailable`, but it may yet be done."""
    return TryLater("unavailable", "Parley takes very long. This may be stored already; to send it again is safe.")


def fault() -> TryLater:
    return TryLater("fault", "Something went wrong here. It was logged; try again.")
