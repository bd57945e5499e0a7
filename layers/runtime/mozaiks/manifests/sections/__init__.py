"""One reader per section: an author's dialect in, parts of a ``WorkflowSpec`` out, problems on the side."""
