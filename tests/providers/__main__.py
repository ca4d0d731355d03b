"""The provider as a process of its own, for benchmarks and by hand: python -m tests.providers."""

import argparse
import signal
import sys

from .provider import LoopbackProvider
from .reply import Reply

_REMEMBERED_CALLS = 100


def main() -> None:
    """Serves until interrupted or terminated; prints the URL first."""
    options = _parser().parse_args()
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # Before there are threads to inherit it.
    with LoopbackProvider(options.port, remember_calls=_REMEMBERED_CALLS) as provider:
        provider.accept(*options.key)
        if not options.key:
            provider.accept_every_key()
        provider.always(_answer(options))
        sys.stdout.write(f"{provider.url}\n")
        sys.stdout.flush()
        signal.sigwait(signals)


def _answer(options: argparse.Namespace) -> Reply:
    words = [f"word{number}" for number in range(1, (options.chunks or 0) + 1)]
    return Reply.answer(
        " ".join(words) or None,
        first_byte_seconds=options.first_byte_ms / 1000,
        chunk_delay_seconds=options.chunk_delay_ms / 1000,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.providers", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; a free one unless given")
    parser.add_argument(
        "--key", action="append", default=[], help="a key to accept; without, every key"
    )
    parser.add_argument("--first-byte-ms", type=float, default=0, help="silence before a response")
    parser.add_argument("--chunks", type=int, help='words in each answer; without, "You said: …"')
    parser.add_argument("--chunk-delay-ms", type=float, default=0, help="between a stream's words")
    return parser


if __name__ == "__main__":
    main()
