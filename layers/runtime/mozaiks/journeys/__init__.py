"""Packs at run time: gates, journeys and what they open."""
