"""How texts of sources, jobs and logs are written: names, masks, one line a record."""
