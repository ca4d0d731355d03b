"""Accounts: signing up and in, two-factor authentication, invitations, passwords."""
