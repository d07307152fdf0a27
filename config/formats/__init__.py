"""How a language writes dates and numbers, where it differs from Django's own way."""
