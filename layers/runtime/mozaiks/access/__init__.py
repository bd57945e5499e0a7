"""Who is asking, and what of the store they may see."""
