"""Settings of a Parley with a bad bus, for DJANGO_SETTINGS_MODULE."""

from chatsite.settings import *  # noqa: F403
from chatsite.settings import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.chaos.lossy_layer.LossyLayer"
