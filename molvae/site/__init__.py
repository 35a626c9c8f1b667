"""A static site: Markdown pages as HTML files that link to each other and need no network."""
