"""The addresses of the shop."""

from django.contrib import admin
from django.urls import path
from store import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("orders/", views.create_order),
    path("orders/<uuid:id>/", views.show_order),
    path("orders/<uuid:id>/payment/", views.pay_order),
    path("reports/", views.create_report),
    path("reports/<uuid:id>/", views.show_report),
]
