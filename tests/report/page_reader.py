"""What a browser makes of a page: its words, its pictures, and what it would fetch."""

import base64
import json
from html.parser import HTMLParser
from xml.etree import ElementTree


class ReadPage(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.words, self.pictures, self.addresses, self.skips = [], {}, [], False
        self.json, self.is_data = [], False
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href") if name in given]
        self.skips = tag in ("script", "style", "noscript")
        self.is_data = tag == "script" and given.get("id") == "data"
        if tag == "img":
            drawn = base64.b64decode(given["src"].removeprefix("data:image/svg+xml;base64,"))
            self.pictures[given["alt"]] = ElementTree.fromstring(drawn)

    def handle_endtag(self, tag):
        self.skips = self.is_data = False

    def handle_data(self, data):
        if self.is_data:
            self.json.append(data)
        if not self.skips:
            self.words.append(data)

    @property
    def data(self):
        """The data that the page's script reads."""
        return json.loads("".join(self.json))
