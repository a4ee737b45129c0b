"""What goes wrong on a channel, and what mends it. Addresses are secrets: only the name is said."""

TEXTS: dict[str, str] = {
    "channels.apprise.absent": "channel «{canal}» needs Apprise: sudo apt install apprise",
    "channels.apprise.address": "Apprise does not understand channels.{canal}.url: check the address (one a channel)",
    "channels.apprise.status": "the service of channel «{canal}» answered {estado}",
    "channels.apprise.rights": "the service of channel «{canal}» answered {estado}: check the key in"
    " channels.{canal}.url",
    "channels.apprise.mail_rights": "the mail server of channel «{canal}» answered {estado}: check user and password"
    " in channels.{canal}.url",
    "channels.apprise.unreachable": "the service of channel «{canal}» cannot be reached",
    "channels.apprise.refused": "the service of channel «{canal}» did not take the message",
    "channels.apprise.broken": "Apprise failed to send by channel «{canal}» ({detalle})",
    "channels.webhook.address": "channels.{canal}.url is not an http:// or https:// address",
    "channels.webhook.unreachable": "the address of channel «{canal}» cannot be reached: {detalle}",
    "channels.webhook.status": "the address of channel «{canal}» answered {estado}",
    "channels.webhook.rights": "the address of channel «{canal}» answered {estado}: check channels.{canal}.url",
    "channels.webhook.redirect": "the address of channel «{canal}» sends elsewhere ({estado}): put the final one into"
    " channels.{canal}.url",
    "channels.webhook.wait": "the address of channel «{canal}» asks to wait {segundos} s",
    "channels.webhook.refused": "the address of channel «{canal}» refuses this message ({estado})",
    "channels.deadline": "channel «{canal}» did not answer within {segundos} s",
    "channels.cause.name": "that name is not found",
    "channels.cause.certificate": "its certificate is not valid",
    "channels.cause.refused": "it takes no connection",
    "channels.cause.silent": "it did not answer in time",
    "channels.cause.broken": "the connection broke",
    # A Telegram channel beside the administrator's.
    "channels.telegram.blocked": "the chat of channel «{canal}» has blocked the bot or does not let it write: let"
    " somebody open the chat and send /start ({detalle})",
    "channels.telegram.token": "Telegram does not accept the token of channel «{canal}»: check channels.{canal}.token"
    " ({detalle})",
    "channels.telegram.chat": "the chat of channel «{canal}» is no use: check channels.{canal}.chat and send /start to"
    " the bot ({detalle})",
    "channels.telegram.migrated": "the group of channel «{canal}» has a new identifier: put"
    ' channels.{canal}.chat = "{chat}"',
    # The dead man's ping.
    "channels.ping.address": "alerts.ping_url is not an http:// or https:// address",
    "channels.ping.failed": "The sign of life (alerts.ping_url) does not arrive: {detalle}",
    "channels.ping.status": "it answered {estado}",
    "channels.ping.back": "The sign of life (alerts.ping_url) arrives again",
}
