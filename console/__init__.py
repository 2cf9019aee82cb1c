"""Trusted launch console: Azure Local VMs created, watched and live-migrated from one window."""
