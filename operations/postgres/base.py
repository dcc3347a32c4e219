"""Django's own backend for Postgres, whose pool loses no time over connections that the server has ended."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

# Who holds a row and is never heard of again (its machine died, its network was cut) holds up the others for so long.
# Not as options of the connection, which poolers before Postgres refuse.
LIMITS = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'"


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a connection itself whether it lives. The pool would wait after each dead one, twice as long as before.

    After a restart of Postgres all that lie ready in it are dead, and three of them are enough to try the patience of
    a page that could have been served.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            if not self.pool:
                return connection
            try:
                ConnectionPool.check_connection(connection)
            except psycopg.OperationalError:
                connection.close()
                self.pool.putconn(connection)  # which makes a new one in its place
            else:
                return connection

    def _configure_connection(self, connection: Any) -> bool:
        connection.execute(LIMITS)
        super()._configure_connection(connection)  # type: ignore[misc]  # the stubs do not know it
        return True  # to be committed
