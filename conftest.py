"""Fixtures that all apps share."""
