"""What of a text goes out while it is still being written."""

from __future__ import annotations

from mozaiks.chats.events import new_id
from mozaiks.engine.ports import Sender
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["Deltas", "hidden_words"]


def hidden_words(spec: WorkflowSpec, agent: str) -> tuple[str, ...] | None:
    """The whole texts of ``agent`` that users must never see; ``None`` if only a text's end tells whether it is one."""
    words = []
    for variable in spec.context_variables:
        for trigger in variable.triggers:
            if trigger.kind == "agent_text" and trigger.ui_hidden and trigger.agent in (None, agent):
                if trigger.match is None or trigger.match.equals is None:
                    return None
                words.append(trigger.match.equals.strip())
    return tuple(words)


class Deltas:
    """The pieces of one agent's texts, each with its place, to whoever listens.

    Parameters
    ----------
    words
        Texts to hold back as long as what is written may still become one of them. ``None``: hold back everything,
        the stored text comes as a whole.
    """

    def __init__(self, sender: Sender, agent: str, words: tuple[str, ...] | None) -> None:
        self._sender = sender
        self._agent = agent
        self._words = words
        self.message_id = new_id()
        self._held = ""
        self._offset = 0
        self._open = not words and words is not None

    def restart(self) -> None:
        """Begin another message."""
        self.message_id, self._held, self._offset = new_id(), "", 0
        self._open = not self._words and self._words is not None

    def add(self, content: str) -> None:
        """Send a piece, or hold it back."""
        if self._words is None or not content:
            return
        # A model's server may send half of a surrogate pair, which neither the database nor a socket can take.
        content = content.encode("utf-8", "replace").decode()
        if not self._open:
            self._held += content
            so_far = self._held.strip()
            if any(word.startswith(so_far) for word in self._words):
                return
            content, self._held, self._open = self._held, "", True
        self._sender.delta(self._agent, self.message_id, self._offset, content)
        # UTF-16 units: what `length` counts in the browsers that merge these.
        self._offset += len(content) if content.isascii() else len(content.encode("utf-16-le")) // 2
