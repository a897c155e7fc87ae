"""The addresses of the project."""

from depot.views import add_item
from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls), path("items/", add_item)]
