"""The canonical dialect, one model per manifest file. JSON Schemas and the reference are generated from here."""
