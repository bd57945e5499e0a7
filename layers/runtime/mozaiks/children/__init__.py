"""Children: the chats that a chat's structured output asks for, and the chat that waits for them."""
