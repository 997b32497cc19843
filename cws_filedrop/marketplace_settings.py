"""The settings of Amazon and of the built-in sandbox. A table, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MarketplaceSettings:
    """Amazon, or the built-in sandbox."""

    kind: str = field(
        default="sandbox", metadata={"doc": "sandbox (built in) or amazon", "one_of": ("sandbox", "amazon")}
    )
    endpoint: str = field(
        default="", metadata={"doc": "empty: the built-in sandbox, or Amazon's endpoint for the marketplace"}
    )
    token_url: str = field(
        default="", metadata={"doc": "empty: beside the sandbox, or https://api.amazon.com/auth/o2/token"}
    )
    client_id: str = field(default="", metadata={"doc": "Login with Amazon client id"})
    client_secret: str = field(default="", metadata={"doc": "env:NAME or file:PATH"})
    timeout_seconds: float = field(default=30.0, metadata={"doc": "how long to wait for one answer"})
    poll_seconds: float = field(
        default=30.0, metadata={"doc": "how soon a feed's state is polled first; later polls are slower"}
    )
    poll_slowest_seconds: float = field(
        default=600.0, metadata={"doc": "longest wait between two polls of a feed's state"}
    )
    lookup_seconds: float = field(
        default=30.0,
        metadata={
            "doc": "how long to wait after a lost answer before asking which feeds exist; asked again after 4 and 20"
            " times as long, before a feed is sent again"
        },
    )
    lookup_hours: float = field(
        default=6.0,
        metadata={"doc": "how long to go on asking which feeds exist while that fails, before orders are read instead"},
    )
    report_hours: float = field(
        default=72.0,
        metadata={
            "doc": "how long to go on asking for a report that is missing, damaged or another's, before its feed's"
            " lines are `unknown` and their orders are read instead"
        },
    )
    refused_minutes: float = field(
        default=60.0,
        metadata={
            "doc": "an account is stopped, and operators are told, once Amazon has refused for so long to be asked"
            " about a feed (at least a minute)"
        },
    )
    second_feed_seconds: float = field(
        default=1200.0, metadata={"doc": "a second feed may be sent once the one in flight is older than this"}
    )
    messages_per_feed: int = field(default=10_000, metadata={"doc": "most messages in a document"})
    rate_scale: float = field(
        default=1.0, metadata={"doc": "multiplies Amazon's rates; only the sandbox allows more than 1"}
    )


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The built-in Amazon."""

    port: int = field(default=0, metadata={"doc": "0 takes any free port"})
    rate_scale: float = field(default=500.0, metadata={"doc": "how many times its rate limits are those of Amazon"})
    processing_seconds: float = field(default=0.5, metadata={"doc": "how long a feed takes to be processed"})
    show_after_seconds: float = field(
        default=0.0, metadata={"doc": "how long after its acceptance a shipment shows in its order"}
    )
