"""The shop in Django's admin, beside the list of jobs."""

from django.contrib import admin

from store.models import Order


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Orders to look at: what changes them runs hooks."""

    list_display = ("number", "email", "total", "state", "tracking")
    list_filter = ("state",)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
