"""`python -m cws_filedrop.marketplaces.sandbox --data FILE`: the sandbox as a process of its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cws_filedrop import log, private
from cws_filedrop.errors import ConfigError
from cws_filedrop.marketplaces.sandbox import SandboxServerSettings, serve
from cws_filedrop.processes import child
from cws_filedrop.reports.marketplace import SANDBOX_FEED


def main() -> int:
    """Serve; 2 when it cannot."""
    given = _parser().parse_args()
    private.set_umask()
    files = (
        log.LogFolder(given.log_folder, "sandbox", given.log_file_bytes, given.log_files) if given.log_folder else None
    )
    log.configure(given.log_level, json=given.log_json, files=files)
    settings = SandboxServerSettings(
        data=given.data,
        host=given.host,
        port=given.port,
        rate_scale=given.rate_scale,
        processing_seconds=given.processing_seconds,
        gzip_reports=given.gzip,
        show_after_seconds=given.show_after_seconds,
        feed_prefix=given.feed_prefix,
    )
    try:
        serve(settings, watch_stdin=given.watch_stdin)
    except ConfigError as error:
        child.send(error=str(error))
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cws_filedrop.marketplaces.sandbox", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the file it keeps everything in")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--rate-scale", type=_positive, default=1.0, help="how much faster than Amazon's rates")
    parser.add_argument("--processing-seconds", type=float, default=0.5, help="how long a feed takes")
    parser.add_argument(
        "--show-after-seconds", type=float, default=0.0, help="how long getOrder does not know what was shipped"
    )
    parser.add_argument("--feed-prefix", default=SANDBOX_FEED, help="how ids of feeds begin")
    parser.add_argument("--gzip", action="store_true", help="pack reports")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when standard input ends")
    parser.add_argument("--log-level", default="warning")
    parser.add_argument("--log-json", action="store_true", help="one JSON object a line instead of text")
    parser.add_argument("--log-folder", type=Path, help="keep the log in files in this folder, too")
    parser.add_argument("--log-file-bytes", type=int, default=10_000_000, help="a larger log file is put aside")
    parser.add_argument("--log-files", type=int, default=5, help="so many are kept")
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
