"""What was said. Postgres is the truth; nothing is overwritten, and the database itself refuses impossible states."""

from conversations.models.conversations import *
from conversations.models.messages import *
from conversations.models.replies import *
from conversations.models.summaries import *
from conversations.models.usage import *
