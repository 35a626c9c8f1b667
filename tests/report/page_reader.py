"""What a browser makes of a page: its words, its pictures, and what it would fetch."""

import base64
from html.parser import HTMLParser
from xml.etree import ElementTree


class ReadPage(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.words, self.pictures, self.addresses, self.skips = [], {}, [], False
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href") if name in given]
        self.skips = tag in ("script", "style", "noscript")
        if tag == "img":
            drawn = base64.b64decode(given["src"].removeprefix("data:image/svg+xml;base64,"))
            self.pictures[given["alt"]] = ElementTree.fromstring(drawn)

    def handle_endtag(self, tag):
        self.skips = False

    def handle_data(self, data):
        if not self.skips:
            self.words.append(data)
