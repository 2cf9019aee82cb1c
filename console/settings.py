"""Every setting declared once: name, type, default, text. Load, save, set a broken file aside."""
