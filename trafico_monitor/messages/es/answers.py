"""What the alert bot answers, and what it says when it cannot. No mark-up here."""

TEXTS: dict[str, str] = {
    # Buttons beneath a message about an incident: a phone shows about 16 characters.
    "answers.button.retry": "🔁 Reintentar",
    "answers.button.acknowledge": "👍 Entendido",
    "answers.button.silence": "🔕 Silenciar 1 h",
    # Buttons that ask whose a rescued video is; the others there are the names of modelos.
    "answers.choice.all": "Todos, de la A a la Z ({n}) ▸",
    "answers.choice.latest": "◂ Los últimos",
    "answers.choice.before": "◂ {n}",
    "answers.choice.after": "{n} de {total} ▸",
    "answers.choice.forgotten": "⚠️ Ese aviso es demasiado antiguo: mira «ls modelos/_rescatados» y usa «trafico-monitor assign»",
    "answers.choice.gone": "⚠️ La carpeta de ese modelo ya no está: elige otro",
    "answers.choice.over": "⚠️ Ese video ya no espera en _rescatados",
    # The commands as Telegram lists them: name, tab, what it does; one a line.
    "answers.commands": "estado\tcómo está todo ahora"
    "\nincidentes\tlos incidentes abiertos"
    "\nreintentar\treintentar un incidente: /reintentar ID"
    "\nentendido\tdar por visto un incidente o una alarma: /entendido ID"
    "\nsilenciar\tno avisar un tiempo: /silenciar ID o /silenciar 1h"
    "\nayuda\tqué se puede pedir",
    "answers.help": "👀 Monitor de Descargas\n"
    "\n/estado – cómo está todo ahora"
    "\n/incidentes – los incidentes abiertos"
    "\n/reintentar ID – reintentar ahora un incidente"
    "\n/entendido ID – visto: no hace falta recordarlo ni avisar a nadie más"
    "\n/silenciar ID – no avisar de ese incidente durante 1 h"
    "\n/silenciar 1h – no avisar de nada durante ese tiempo (30m, 2h, 1d; 7 días como mucho)"
    "\n\nLo mismo hacen los botones de cada aviso.",
    "answers.status": "📊 Estado del monitor",
    "answers.status.unit": "🤖 Bot: {valor}",
    "answers.status.server": "🖥️ Servidor: {valor}",
    "answers.status.space": "💾 Disco: {valor}",
    "answers.status.open": "📂 Incidentes abiertos: {n}",
    "answers.status.rescued": "📦 Esperan en _rescatados: {n} ({size}) · {orden}",
    "answers.status.alarm": "🚨 {que} · #{id}",
    "answers.status.alarm.known": "🚨 {que} · #{id} · enterado: {por}",
    "answers.status.missing": "⚠️ Falta: {falta}",
    "answers.status.channel.ok": "📬 Canal {nombre}: bien, {n} por enviar",
    "answers.status.channel.bad": "📭 Canal {nombre}: {n} por enviar – {detalle}",
    "answers.incidents": "📂 Incidentes abiertos: {n}",
    "answers.incidents.none": "✅ No hay ningún incidente abierto",
    "answers.incidents.more": "… y {n} más: trafico-monitor incidents",
    "answers.incidents.how": "/reintentar ID · /entendido ID · /silenciar ID",
    "answers.incident": "#{id} {icono} {que} · {estado}",
    "answers.incident.whom": "   {modelo} · {video} · {hora}",
    "answers.done": "✅ Hecho ({codigo})",
    "answers.refused": "⚠️ No se pudo ({codigo})",
    "answers.no_reply": "⏳ El monitor no ha contestado en {segundos} s: mira /incidentes antes de pedirlo otra vez",
    "answers.unclear.incident": "⚠️ Falta el identificador del incidente, por ejemplo T7F3K2AB: mira /incidentes",
    "answers.unclear.silence": "⚠️ Se espera /silenciar ID, /silenciar 1h o /silenciar ID 2h",
    "answers.unclear.duration": "⚠️ Se puede silenciar de 1 minuto a 7 días: 30m, 2h, 1d",
    "answers.unclear.button": "⚠️ Ese botón no es de esta versión: usa /incidentes",
    "answers.late.message": "⌛ Tu mensaje llegó con más de {minutos} min de retraso y no se ha hecho nada: envíalo"
    " otra vez si sigue haciendo falta",
    "answers.late.press": "⌛ No se sabe desde cuándo espera esa pulsación y no se ha hecho nada: pulsa otra vez si"
    " sigue haciendo falta",
    "answers.too_many": "⏳ Demasiadas peticiones seguidas: espera un minuto",
    "answers.trouble": "⚠️ El monitor no pudo atender la petición: mira «journalctl -u trafico-monitor»",
    "answers.reason": "pedido por Telegram",
    # What the status and the records say of the alert bot itself.
    "answers.off.no_token": "las respuestas por Telegram necesitan un token propio para los avisos"
    " (telegram.alert_token)",
    "answers.off.same_bot": "telegram.alert_token es del mismo bot que TELEGRAM_TOKEN, y a ese bot solo le puede"
    " preguntar bot_central: crea otro bot con @BotFather para los avisos",
    "answers.off.nobody": "nadie puede contestar a los avisos: ADMIN_ID no es el número de una persona",
    "answers.note.stranger": "Alguien sin permiso escribió al bot de avisos: usuario {usuario}, chat {chat}; no se le"
    " contesta",
    "answers.note.strangers": "Más de {n} desconocidos escriben al bot de avisos; los siguientes ya no se anotan",
    "answers.note.conflict": "Otro programa pregunta al bot de avisos (getUpdates): sus respuestas no llegan aquí;"
    " usa ese token solo en el monitor",
    "answers.note.webhook": "El bot de avisos tiene puesto un webhook y por eso no se pueden leer las respuestas:"
    " quítalo (deleteWebhook) o usa otro bot",
    "answers.note.token": "Telegram no acepta el token de avisos: revisa telegram.alert_token",
    "answers.note.unreachable": "No se puede preguntar al bot de avisos si alguien contesta: {detalle}",
    "answers.note.unsaid": "El bot de avisos no pudo contestar: {detalle}",
    "answers.note.storage": "No se atiende a nadie por Telegram mientras no se pueda guardar por dónde va: {detalle}",
    "answers.note.update": "Una petición por Telegram falló: {detalle}",
    "answers.note.back": "El bot de avisos vuelve a leer las respuestas",
}
