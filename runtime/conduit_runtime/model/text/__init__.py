"""Texts of sources, jobs and logs: names, masks, one line for each record."""
