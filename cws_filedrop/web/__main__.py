"""`python -m cws_filedrop.web`: run by the service."""

from __future__ import annotations

from cws_filedrop.web.process import main

if __name__ == "__main__":
    main()
