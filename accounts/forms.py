"""The sign-up form: allauth's, and a name."""

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.http import HttpRequest

from accounts.models import User


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    name = forms.CharField(
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="The name others in a conversation see. You may leave it empty.",
    )
    field_order = ["name", "email", "password1"]

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"].strip()
        user.save(update_fields=["name"])

    def clean_name(self) -> Any:
        name = self.cleaned_data["name"]
        if any(not character.isprintable() for character in name):
            raise forms.ValidationError("A name may not hold control or direction characters.")
        return name
