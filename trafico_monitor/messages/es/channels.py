"""What goes wrong on a channel, and what mends it. Addresses are secrets: only the name is said."""

TEXTS: dict[str, str] = {
    "channels.apprise.absent": "el canal «{canal}» necesita Apprise: sudo apt install apprise",
    "channels.apprise.address": "Apprise no entiende channels.{canal}.url: revisa la dirección (una sola por canal)",
    "channels.apprise.status": "el servicio del canal «{canal}» respondió {estado}",
    "channels.apprise.rights": "el servicio del canal «{canal}» respondió {estado}: revisa la clave en"
    " channels.{canal}.url",
    "channels.apprise.mail_rights": "el servidor de correo del canal «{canal}» respondió {estado}: revisa usuario y"
    " clave en channels.{canal}.url",
    "channels.apprise.unreachable": "no se llega al servicio del canal «{canal}»",
    "channels.apprise.refused": "el servicio del canal «{canal}» no aceptó el mensaje",
    "channels.apprise.broken": "Apprise falló al enviar por el canal «{canal}» ({detalle})",
    "channels.webhook.address": "channels.{canal}.url no es una dirección http:// o https://",
    "channels.webhook.unreachable": "no se llega a la dirección del canal «{canal}»: {detalle}",
    "channels.webhook.status": "la dirección del canal «{canal}» respondió {estado}",
    "channels.webhook.rights": "la dirección del canal «{canal}» respondió {estado}: revisa channels.{canal}.url",
    "channels.webhook.redirect": "la dirección del canal «{canal}» envía a otra ({estado}): pon la definitiva en"
    " channels.{canal}.url",
    "channels.webhook.wait": "la dirección del canal «{canal}» pide esperar {segundos} s",
    "channels.webhook.refused": "la dirección del canal «{canal}» rechaza este mensaje ({estado})",
    "channels.deadline": "el canal «{canal}» no respondió en {segundos} s",
    "channels.cause.name": "no se encuentra ese nombre",
    "channels.cause.certificate": "su certificado no vale",
    "channels.cause.refused": "no acepta la conexión",
    "channels.cause.silent": "no respondió a tiempo",
    "channels.cause.broken": "la conexión se cortó",
    # A Telegram channel beside the administrator's.
    "channels.telegram.blocked": "el chat del canal «{canal}» tiene bloqueado al bot o no lo deja escribir: que"
    " alguien abra el chat y envíe /start ({detalle})",
    "channels.telegram.token": "Telegram no acepta el token del canal «{canal}»: revisa channels.{canal}.token"
    " ({detalle})",
    "channels.telegram.chat": "el chat del canal «{canal}» no sirve: revisa channels.{canal}.chat y envíale /start al"
    " bot ({detalle})",
    "channels.telegram.migrated": "el grupo del canal «{canal}» cambió de identificador: pon"
    ' channels.{canal}.chat = "{chat}"',
    # The dead man's ping.
    "channels.ping.address": "alerts.ping_url no es una dirección http:// o https://",
    "channels.ping.failed": "La señal de vida (alerts.ping_url) no llega: {detalle}",
    "channels.ping.status": "respondió {estado}",
    "channels.ping.back": "La señal de vida (alerts.ping_url) vuelve a llegar",
}
