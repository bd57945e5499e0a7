"""Brings a chat's events to its connections: in order, gathered, off the turn's critical path."""
