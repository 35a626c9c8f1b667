"""A server on this machine for tests of downloads."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class FileServer(ThreadingHTTPServer):
    """Serves files by name; each request is answered by the next answer, then by the whole."""

    def __init__(self, files, answers):
        super().__init__(("127.0.0.1", 0), Answering)
        self.files = files
        self.answers = answers
        self.ranges = []
        """What each request asked for; None is all."""

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Answering(BaseHTTPRequestHandler):
    """Knows ranges; sends no more bytes than the server's next answer says, then hangs up."""

    def do_GET(self):
        given = self.headers.get("Range")
        self.server.ranges.append(given)
        content = self.server.files.get(self.path.removeprefix("/"))
        if content is None:
            self.send_error(404)
            return
        begin = int(given.removeprefix("bytes=").removesuffix("-")) if given else 0
        answer = self.server.answers.pop(0) if self.server.answers else len(content)
        if answer == "no ranges":
            begin, answer, given = 0, len(content), None
        if begin >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if given else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin:][:answer])

    def log_message(self, *_):
        pass


@contextmanager
def served(files: dict[str, bytes], *answers: int | str) -> Iterator[FileServer]:
    """The files under addresses; an answer is the bytes to send, or "no ranges"."""
    server = FileServer(files, list(answers))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
