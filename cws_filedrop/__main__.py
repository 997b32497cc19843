"""`python -m cws_filedrop` is `cws-filedrop`."""

from __future__ import annotations

import signal


def run() -> None:
    """Import the commands, and run the one that is asked for.

    Nothing is in progress while they are imported: Ctrl-C ends us then at once, without Python's traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from cws_filedrop.cli import main

    main.run()


if __name__ == "__main__":
    run()
