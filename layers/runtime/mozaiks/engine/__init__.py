"""One slice of a run on AG2: agents, tools, routing, histories, the turn loop. Nothing else imports AG2."""
