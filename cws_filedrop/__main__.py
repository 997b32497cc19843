"""`python -m cws_filedrop` is `cws-filedrop`."""

from __future__ import annotations

import signal


def run() -> None:
    """Load the commands, and run the one that is asked for. Nothing is in hand yet: a Ctrl-C meanwhile ends us at once,
    without the words that Python has for it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from cws_filedrop.cli import main

    main.run()


if __name__ == "__main__":
    run()
