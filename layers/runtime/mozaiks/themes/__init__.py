"""The looks of an app: validated design tokens, with defaults."""
