"""One program that speaks the true protocols of Google, Apple, Twilio and others.

For development, tests and benchmarks; it knows nothing of the product's apps.
"""
