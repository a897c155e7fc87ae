"""What `manage.py test` runs, under each version of Django."""
