"""The list of jobs in Django's admin: to read, retry and cancel."""

from django.contrib import admin

from ..models import Job
from .jobs import JobAdmin

admin.site.register(Job, JobAdmin)
