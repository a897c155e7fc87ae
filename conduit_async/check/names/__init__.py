"""Reports names that clash in Python or are probably misspelt."""
