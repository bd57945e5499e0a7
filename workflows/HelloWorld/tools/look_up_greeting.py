"""Greetings of the world, from a small table: the same question always gets the same answer."""

from __future__ import annotations

import zlib
from typing import TypedDict


class Greeting(TypedDict):
    """A way to say hello."""

    hello: str
    pronunciation: str
    fact: str


_GREETINGS: dict[str, Greeting] = {
    "arabic": {
        "hello": "مرحبا",
        "pronunciation": "MAR-ha-ban",
        "fact": "It is related to a word for wide space: the guest is told there is room.",
    },
    "french": {
        "hello": "Bonjour",
        "pronunciation": "bohn-ZHOOR",
        "fact": "It means 'good day', and in the evening it becomes 'bonsoir'.",
    },
    "german": {
        "hello": "Guten Tag",
        "pronunciation": "GOO-ten tahk",
        "fact": "In the south many people say 'Grüß Gott' instead.",
    },
    "hindi": {
        "hello": "नमस्ते",
        "pronunciation": "nuh-muh-STAY",
        "fact": "It is also said on leaving, with the palms together.",
    },
    "italian": {
        "hello": "Ciao",
        "pronunciation": "CHOW",
        "fact": "It comes from Venetian for 'I am your servant'.",
    },
    "japanese": {
        "hello": "こんにちは",
        "pronunciation": "kon-nee-chee-wah",
        "fact": "It began as the first words of 'how are you today?'.",
    },
    "portuguese": {
        "hello": "Olá",
        "pronunciation": "oh-LAH",
        "fact": "Before noon people often say 'bom dia' instead.",
    },
    "spanish": {
        "hello": "Hola",
        "pronunciation": "OH-lah",
        "fact": "The h is silent, as it is in every Spanish word.",
    },
    "swahili": {
        "hello": "Habari",
        "pronunciation": "ha-BAH-ree",
        "fact": "It asks for news; the usual answer is 'nzuri', good.",
    },
}


async def look_up_greeting(language: str, chat_id: str) -> dict[str, str | bool | list[str]]:
    """Look up how people say hello in a language.

    Args:
        language: English name of the language, or "any" to be surprised.
        chat_id: The chat that asks; it decides what "any" is, so that a repeated call gives the same answer.
    """
    wanted = language.strip().lower()
    known = sorted(_GREETINGS)
    if wanted == "any":
        wanted = known[zlib.crc32(chat_id.encode()) % len(known)]
    greeting = _GREETINGS.get(wanted)
    if greeting is None:
        return {"found": False, "language": language, "known_languages": [name.capitalize() for name in known]}
    return {"found": True, "language": wanted.capitalize(), **greeting}
