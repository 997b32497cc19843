"""`python -m cws_filedrop` is `cws-filedrop`."""

from cws_filedrop.cli.main import run

if __name__ == "__main__":
    run()
