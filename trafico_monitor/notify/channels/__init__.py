"""The channels: Telegram, webhook, Apprise."""
