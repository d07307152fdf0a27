"""Where the servers of the tests are, for processes that tests start."""

import socket

from django.db import connection


def database_url() -> str:
    """Return the URL of the test's own database."""
    database = connection.settings_dict
    if database["HOST"].startswith("/"):
        return "postgres://{USER}@/{HOST}/{NAME}".format(**database)
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
