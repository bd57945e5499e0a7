"""Whether a text is what a manifest looks for, decided in bounded time.

Patterns are the manifest author's, texts are a model's. The standard library's matcher backtracks without limit, so a
careless pattern could hold a worker until it is killed, again at each retry. Three things bound it: only the beginning
of a text is searched; the search runs under a timer of CPU time whose signal the matcher notices and gives up on; and
where signals cannot be had (off the main thread, on Windows), much less of the text is searched. The last is no
guarantee for a pattern that is exponential; a Lambda handler runs on the main thread.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Final

from mozaiks.manifests.spec import TextMatch

__all__ = ["MAX_SEARCHED", "Undecided", "matches"]

MAX_SEARCHED: Final = 20_000
"""Characters of a text a pattern is searched in."""
_SEARCHED_WITHOUT_TIMER: Final = 2_000
_CPU_SECONDS: Final = 0.5


class Undecided(Exception):
    """A pattern could not be compiled, or came to no end in its time."""


def matches(match: TextMatch, text: str) -> bool:
    """Whether ``text`` is what ``match`` asks for.

    ``equals`` compares the whole text without the blanks around it, ``contains`` looks for a part, ``regex`` searches
    the first ``MAX_SEARCHED`` characters. Case counts.

    Raises
    ------
    Undecided
        For ``regex`` alone.
    """
    if match.equals is not None:
        return text.strip() == match.equals.strip()
    if match.contains is not None:
        return match.contains in text
    if match.regex is not None:
        return _search(match.regex, text)
    return False


def _search(pattern: str, text: str) -> bool:
    try:
        compiled = _compiled(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Undecided(f"the pattern {pattern[:80]!r} is not valid: {error}") from None
    if not _has_timer():
        return compiled.search(text[:_SEARCHED_WITHOUT_TIMER]) is not None
    try:
        with _cpu_limit():
            return compiled.search(text[:MAX_SEARCHED]) is not None
    except _OutOfTime:
        raise Undecided(f"the pattern {pattern[:80]!r} took more than {_CPU_SECONDS:g} s of CPU time") from None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class _OutOfTime(Exception):
    pass


def _has_timer() -> bool:
    return hasattr(signal, "SIGVTALRM") and threading.current_thread() is threading.main_thread()


@contextmanager
def _cpu_limit() -> Iterator[None]:
    """Raise ``_OutOfTime`` within the block after the limit; a handler there was before is put back.

    CPU time, not wall-clock time: a worker that was frozen or starved has not used it, and ``SIGALRM`` stays free.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, _CPU_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    finally:
        # Never back to the default, which ends the process: a last signal may still be on its way.
        signal.signal(signal.SIGVTALRM, signal.SIG_IGN if before in (None, signal.SIG_DFL) else before)
