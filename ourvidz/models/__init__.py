"""Which models there are, where they come from and what they can do."""
