"""What chats cost and how they fare."""
