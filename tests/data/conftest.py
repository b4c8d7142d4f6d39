"""A server on this machine that plays the authors' site."""

from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


class Handler(BaseHTTPRequestHandler):
    def __init__(self, pages: dict, requests: list, *rest) -> None:
        self.pages, self.requests = pages, requests
        super().__init__(*rest)

    def do_GET(self) -> None:
        self.requests.append(self.path)
        page = self.pages.get(self.path, (404, {}, b"no such page"))
        status, headers, body = page(self) if callable(page) else page
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored) -> None:
        pass


@pytest.fixture
def site(monkeypatch):
    """(address, pages, requests): `pages[path] = status, headers, body` is served, or what a function of the request

    returns, which may have sent something itself.
    """
    monkeypatch.setenv("no_proxy", "*")
    pages, requests = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, pages, requests))
    server.handle_error = lambda *_: None  # a client that has gone is what some tests want
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", pages, requests
    server.shutdown()
    thread.join()
    server.server_close()
