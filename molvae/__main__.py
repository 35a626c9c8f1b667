"""`python -m molvae` is `molvae`."""

from molvae.cli.main import run

if __name__ == "__main__":
    run()
