"""One file for each real tool: what a user should not have to know to run it."""
