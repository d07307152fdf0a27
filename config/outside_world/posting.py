"""Posts a form to somebody's web site, and gives up at once when it is cancelled."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

ANSWER_SECONDS = 10


async def post_form(
    url: str, form: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[int, str]:
    """Return status and body of the answer, or 0 and why there is none."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _post(url, urlencode(form).encode(), headers)
    except TimeoutError:
        return 0, "There was no answer in time."
    except (OSError, ValueError) as error:
        return 0, str(error)


async def _post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    reader, writer = await asyncio.open_connection(
        parts.hostname, port, ssl=is_secure or None
    )
    try:
        # By HTTP/1.0 the answer comes in one piece and ends with the connection.
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = {
            "Host": parts.netloc.rpartition("@")[2],
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "Content-Length": str(len(body)),
        } | dict(headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"POST {target} HTTP/1.0\r\n{head}\r\n".encode() + body)
        return _answer(await reader.read())
    finally:
        writer.close()


def _answer(received: bytes) -> tuple[int, str]:
    head, _, body = received.partition(b"\r\n\r\n")
    version, status, *_ = [*head.split(None, 2), b"", b""]
    if not version.startswith(b"HTTP/"):
        raise ValueError("What came back is not HTTP.")
    return int(status), body.decode(errors="replace")
