"""The only file that imports keyring."""
