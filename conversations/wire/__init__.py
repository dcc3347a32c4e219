"""Every frame of the socket, both ways, as types (docs/wire.md). Pure: knows no database and no socket."""

from conversations.wire.incoming import *
from conversations.wire.limits import *
from conversations.wire.objects import *
from conversations.wire.outgoing import *
