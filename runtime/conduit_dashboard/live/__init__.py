"""Updates of watched pages: one hub renders the pages for all viewers."""
