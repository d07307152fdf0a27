"""A provider that answers faster than any of ours could be: nginx over TLS and HTTP/2.

Without nginx the outside world of `bin/run` stands in.
"""

import json
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from config.outside_world.starting import outside_world
from config.processes import Process, StartError, wait_until

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
user root;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  http2_max_concurrent_streams 1000; keepalive_requests 1000000000;
  keepalive_timeout 600;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    client_max_body_size 8k; client_body_buffer_size 8k;
    default_type application/json;
    location /token {{
      return 200 '{{"access_token":"x","expires_in":3600,"token_type":"Bearer"}}'; }}
    location / {{
      return 200 '{{"name":"projects/bench/messages/0:1500415314455276"}}'; }}
  }}
}}
"""


@contextmanager
def provider() -> Iterator[tuple[str, dict[str, str]]]:
    """Start a provider; give its name and the environment that points to it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tiffin-peer-")))
        # Its keys and certificate serve either way.
        world = stack.enter_context(outside_world(folder))
        account = dict(world.fcm["service_account"])
        url, name = world.http, "the outside world"
        if nginx := shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin"):
            url, name = (
                stack.enter_context(_nginx(nginx, folder, Path(world.ca).parent)),
                "nginx",
            )
            world.stop()
        account["token_uri"] = f"{url}/token"
        yield (
            name,
            {
                "FCM_SERVICE_ACCOUNT": json.dumps(account),
                "FCM_URL": url,
                "PROVIDERS_CA_BUNDLE": world.ca,
            },
        )


@contextmanager
def _nginx(program: str, folder: Path, keys: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(
        NGINX.format(
            folder=folder,
            port=port,
            certificate=keys / "server.pem",
            key=keys / "server.key",
        )
    )
    process = Process(
        "nginx", [program, "-p", str(folder), "-c", str(configuration)], _complain
    )
    process.start()

    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    try:
        if not wait_until(answers, process, 10):
            raise StartError("nginx did not start.")
        yield f"https://127.0.0.1:{port}"
    finally:
        process.ask_to_stop()
        process.see_stopped()


def _complain(_name: str, line: str) -> None:
    sys.stderr.write(f"peer: {line}\n")
