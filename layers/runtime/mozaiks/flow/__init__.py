"""Step Functions behind a narrow port."""
