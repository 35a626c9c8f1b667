"""Post JSON to a server, with limits on the time and size of the answer."""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, getproxies, proxy_bypass

_CHUNK_BYTES = 1 << 16
_SHOWN = 100
"""Characters of an error page that are shown."""

_BUSY = frozenset({429, 502, 503, 504})
"""HTTP statuses of a server or gateway that may answer later."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Outcome of a request."""

    # object: JSON, whose recursive type the checks of the tests do not follow.
    content: object = None
    """JSON from the server, if there is no problem."""
    problem: str | None = None
    """Reason not to use the content; None if the server answered with JSON."""
    is_unavailable: bool = False
    """Whether no connection was made or the server was too busy: it may answer later."""


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """Limits beyond which an answer is not waited for or read any further."""

    seconds: float
    content_bytes: int


class _NoRedirects(HTTPRedirectHandler):
    """Treats a redirect as an error: following it would turn the POST into a GET."""

    # object: the base class has no types here.
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


def post_json(url: str, content: object, headers: Mapping[str, str], limits: ReplyLimits) -> Reply:
    """Send JSON to a server and read its JSON; problems are returned, not raised."""
    sent = {"Accept": "application/json", "Content-Type": "application/json", **headers}
    request = Request(url, json.dumps(content).encode(), sent, method="POST")
    deadline = time.monotonic() + limits.seconds
    late = Reply(problem=f"has not answered within {limits.seconds:g} seconds")
    try:
        with _OPENER.open(request, timeout=limits.seconds) as response:
            text = _read(response, deadline, limits.content_bytes)
    except HTTPError as error:
        with error:
            return _refusal(error)
    except TimeoutError:
        return late
    except URLError as error:
        return Reply(problem=f"cannot be reached: {_reason(error)}", is_unavailable=True)
    except (OSError, HTTPException) as error:
        return Reply(problem=f"broke the connection: {_reason(error)}", is_unavailable=True)
    if text is None:
        return late
    if len(text) > limits.content_bytes:
        return Reply(problem=f"answered with more than {limits.content_bytes} bytes")
    try:
        return Reply(json.loads(text))
    except (ValueError, RecursionError):
        return Reply(problem=f"answered without JSON: {_line(text)!r}")


def connection_problem(url: str, timeout_seconds: float) -> str | None:
    """Reason why no connection to the server of a URL can be made; None if it can.

    A server behind a proxy is not checked.
    """
    address = urlsplit(url)
    host = address.hostname or ""
    if getproxies().get(address.scheme) and not proxy_bypass(host):
        return None
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((host, port), timeout_seconds).close()
    except OSError as error:
        return _reason(error)
    return None


def _read(response: HTTPResponse, deadline: float, most: int) -> bytes | None:
    """Bytes of the answer, at most one chunk over the limit; None when the time is up."""
    content = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        content += chunk
        if len(content) > most:
            break
        # The timeout of the socket restarts with every byte.
        if time.monotonic() > deadline:
            return None
    return bytes(content)


def _refusal(error: HTTPError) -> Reply:
    to = error.headers.get("Location")
    if to and 300 <= error.code < 400:
        return Reply(problem=f"redirects to {to}; give that address as 'url'")
    try:
        line = _line(error.read(_SHOWN * 4))
    except (OSError, HTTPException):
        line = ""
    shown = f": {line}" if line else ""
    problem = f"answered with status {error.code} {error.reason}{shown}"
    return Reply(problem=problem, is_unavailable=error.code in _BUSY)


def _line(text: bytes) -> str:
    return " ".join(text.decode("utf-8", "replace").split())[:_SHOWN]


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
