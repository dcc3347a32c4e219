from django.contrib.admin.apps import AdminConfig


class ParleyAdminConfig(AdminConfig):
    default_site = "chatsite.admin.ParleyAdminSite"
