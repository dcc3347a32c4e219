"""What the commands say when they cannot go on."""


class StackError(Exception):
    """Something a person can put right. Its text is one sentence, and is all that is shown of it."""
