"""Figures: a restaurant's for its owner, the marketplace's for operators."""

from orders.figure_pages.pages import PAGES, show_marketplace

__all__ = ["PAGES", "show_marketplace"]
