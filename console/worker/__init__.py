"""ENGINE, in a process of its own: stock asyncio, no Qt."""
