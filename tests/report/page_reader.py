"""What a browser makes of a page: its words, its pictures, and what it would fetch."""

import base64
from html.parser import HTMLParser
from xml.etree import ElementTree


class ReadPage(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.words, self.pictures, self.addresses = [], {}, []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href") if name in given]
        assert tag != "script"
        if tag == "img":
            drawn = base64.b64decode(given["src"].removeprefix("data:image/svg+xml;base64,"))
            self.pictures[given["alt"]] = ElementTree.fromstring(drawn)

    def handle_data(self, data):
        self.words.append(data)
