"""Log lines: the exact texts, their shape, and what must never show in them."""
