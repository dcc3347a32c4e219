"""What the scripted model says."""

LONG = "The water of" + " a river goes on and on" * 60


def tokens(last: int, first: int = 1) -> str:
    """Its plain answer: each token is its number."""
    return "".join(f"t{number} " for number in range(first, last + 1))
