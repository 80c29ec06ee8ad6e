"""Backups (备份) of a live bank: files that restore it as it was at a moment, made while it lives, each proved at once."""
