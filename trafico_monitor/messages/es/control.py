"""What people ask of the running monitor, and what it answers: command line, panel, alert bot; what goes wrong on a channel."""

TEXTS: dict[str, str] = {
    # Answers. The first of each group is what happens when all is well.
    "request.retry_begun": "#{id} ({tipo}, {video}): se intenta otra vez; trafico-monitor incidents show {id} enseña cómo va",
    "request.retry_held": "#{id} ({tipo}, {video}): reabierto; se intentará en cuanto se resuelva: {causa}",
    "request.retry_under_way": "#{id} ({tipo}, {video}): ya se está reparando ({accion}); no hace falta pedirlo otra vez",
    "request.retry_solved": "#{id} ({tipo}, {video}): ya está solucionado; no hay nada que repetir",
    "request.retry_waiting": "#{id} ({tipo}, {video}): espera a que se resuelva: {causa}; entonces seguirá solo",
    "request.retry_refused": "#{id} ({tipo}, {video}): no se puede repetir: {motivo}",
    "request.acknowledged": "#{id} ({tipo}, {video}): enterado; no habrá más recordatorios",
    "request.acknowledged_already": "#{id} ({tipo}, {video}): {por} ya se dio por enterado ({hora})",
    "request.ack_solved": "#{id} ({tipo}, {video}): ya está solucionado; no hay nada de que darse por enterado",
    "request.alarm_acknowledged": "{alarma} ({que}): enterado; no habrá más recordatorios hasta que termine o empeore",
    "request.alarm_acknowledged_already": "{alarma} ({que}): {por} ya se dio por enterado ({hora})",
    "request.unknown_alarm": "esa alarma «{alarma}» ya terminó, o no la hubo (trafico-monitor status enseña las que siguen en pie)",
    "request.silenced": "silenciado hasta {hasta}: {ambito} (se termina antes con: trafico-monitor silence --end {silencio})",
    "request.silenced_already": "ya estaba silenciado hasta {hasta}: {ambito} ({silencio})",
    "request.silence_ended": "terminado: {silencio} ({ambito}); los avisos vuelven",
    "request.silence_ended_already": "{silencio} ({ambito}) ya había terminado",
    "request.assigned": "{archivo} es ahora {ruta} · {pruebas}",
    "request.assign_under_way": "{archivo}: se está moviendo al modelo {modelo}; trafico-monitor status y monitor.log dirán cómo termina",
    "request.assign_taken": "{archivo}: ya se está asignando a otro modelo",
    "request.assign_repairing": "{archivo}: el incidente #{id} todavía se está reparando; espere a que termine",
    "request.assigned_before": "{archivo} ya se asignó al modelo {modelo}: está en {ruta}",
    "request.assign_failed": "{archivo} no se ha asignado al modelo {modelo}: {motivo}",
    "request.assign_unproven": "{archivo} se ha movido al modelo {modelo}, pero no está demostrado que esté bien: {motivo}",
    "request.tested": "mensaje de prueba enviado por todos los canales:\n{lista}",
    "request.tested_with_trouble": "{fallos} de {total} canales no han aceptado el mensaje de prueba:\n{lista}",
    "request.no_channel": "no hay ningún canal de avisos configurado: [telegram] admin_id y token, o [channels.NOMBRE]",
    "request.test.taken": "  ✅ {canal}: entregado en {segundos} s",
    "request.test.trouble": "  ❌ {canal}: {problema} ({segundos} s)",
    # What cannot be understood or does not exist.
    "request.unknown_incident": "ningún incidente «{id}» (trafico-monitor incidents los enseña)",
    "request.unknown_silence": "ningún silencio «{silencio}» (trafico-monitor silence --list los enseña)",
    "request.unknown_file": "«{archivo}» no está en _rescatados; ¿se asignó ya?",
    "request.other_file": "«{archivo}» es ahora otro archivo de _rescatados: no se ha movido nada",
    "request.ambiguous_incident": "varios incidentes empiezan por «{id}»: escriba el identificador entero",
    "request.invalid_incident": "«{id}» no es un identificador de incidente: se esperan 8 letras o cifras, como T7F3K2AB, o su comienzo",
    "request.invalid_seconds": "un silencio dura entre 60 s y 7 días",
    "request.invalid_reason": "hace falta un motivo, de 1 a {maximo} caracteres",
    "request.invalid_scope": "un silencio es para todo, para un tipo, para un modelo o para un incidente",
    "request.invalid_type": "«{valor}» no es un tipo de error: {tipos}",
    "request.invalid_modelo": "«{modelo}» no puede ser la carpeta de un modelo: se espera un solo nombre, sin «/» ni «_» o «.» al principio",
    "request.invalid_file": "«{archivo}» no es un archivo de _rescatados: se espera su nombre, o su ruta entera",
    "request.unreadable_file": "«{archivo}» no se puede leer: {motivo}",
    "request.no_site": "no se conoce la carpeta de modelos: falta configurar el proyecto (trafico-monitor check)",
    # How the monitor itself stands.
    "request.unconfirmed": "recibido, pero todavía sin confirmar: el monitor no puede guardarlo ahora mismo (trafico-monitor status dice por qué)",
    "request.no_records": "los registros del monitor no se pueden leer ahora mismo: {texto}",
    "request.stopping": "el monitor se está deteniendo: inténtelo cuando vuelva a estar en marcha",
    "request.busy": "hay demasiadas peticiones a la vez: inténtelo dentro de un momento",
    "request.internal": "error interno del monitor (journalctl -u trafico-monitor)",
    # What was asked, in a few words.
    "request.kind.retry": "repetir",
    "request.kind.acknowledge": "darse por enterado",
    "request.kind.silence": "silenciar",
    "request.kind.end_silence": "terminar un silencio",
    "request.kind.assign": "asignar un archivo rescatado",
    "request.kind.test": "probar los avisos",
    # What a silence is about.
    "scope.all": "todos los avisos",
    "scope.type": "tipo {valor}",
    "scope.modelo": "modelo {valor}",
    "scope.incident": "incidente #{valor}",
    "scope.maintenance": "mantenimiento de {valor}",
    # The monitor's own story.
    "record.request_retry": "👤 {por} pide repetir: {tipo} · video {video} · #{id}",
    "record.request_ack": "👤 {por} se da por enterado: {tipo} · video {video} · #{id}",
    "record.request_ack_alarm": "👤 {por} se da por enterado: {que} · {alarma}",
    "record.request_silence": "🔕 {por} silencia hasta {hasta}: {ambito} · {motivo} · {silencio}",
    "record.request_silence_ended": "🔔 {por} termina el silencio {silencio}: {ambito}",
    "record.request_assign": "👤 {por} asigna {archivo} al modelo {modelo}",
    "record.request_test": "👤 {por} prueba los avisos: {resultado}",
    "record.request_refused": "👤 {por} pide {peticion}: no se hace · {motivo}",
    "record.assigned": "✅ Asignado: {archivo} → {ruta} · {pruebas}",
    "record.assign_failed": "❌ {archivo} no se ha asignado al modelo {modelo}: {motivo}",
    "accion.request_retry": "reintento pedido por {por}",
    "accion.request_ack": "enterado: {por}",
    "accion.request_assign": "asignar al modelo {modelo}, pedido por {por}",
    "accion.assigned": "asignado al modelo {modelo}",
    "accion.assign_failed": "no asignado al modelo {modelo}",
    # The commands.
    "cli.retry": "repetir la reparación de un incidente fallido",
    "cli.retry.examples": """ejemplos:
  trafico-monitor retry T7F3K2AB              otra vez, con todos sus intentos
  trafico-monitor retry T7F3 --json           basta el comienzo, si es único
salida: 0 se repite, 1 no se puede (y por qué), 69 el monitor no está en marcha, 77 sin permiso""",
    "cli.ack": "darse por enterado de un incidente o de una alarma: sin más recordatorios ni escalado",
    "cli.ack.examples": """ejemplos:
  trafico-monitor ack T7F3K2AB
  trafico-monitor ack unit                    una alarma sin incidente
Alarmas sin incidente: unit (el bot), space (el disco), own_store, own_logs y own_place
(los archivos del monitor y dónde están); trafico-monitor status enseña las que hay.
salida: 0 hecho, 1 no se puede (y por qué), 69 el monitor no está en marcha, 77 sin permiso""",
    "cli.silence": "no recibir avisos durante un tiempo: de todo, de un tipo, de un modelo o de un incidente",
    "cli.silence.examples": """ejemplos:
  trafico-monitor silence 1h --reason "cambio de disco"
  trafico-monitor silence 1h30m --type timeout --reason "la red va mal"
  trafico-monitor silence 2d --modelo victor --reason "de vacaciones"
  trafico-monitor silence --list              los que hay
  trafico-monitor silence --end S7K2M         terminar uno antes de tiempo
Los incidentes se siguen reparando y registrando. Duraciones como en systemd: 90s, 30min, 1h30m, 2d.""",
    "cli.assign": "dar un archivo de _rescatados al modelo al que pertenece",
    "cli.assign.examples": """ejemplos:
  ls modelos/_rescatados                      los que hay; la nota .json dice de dónde vino cada uno
  trafico-monitor assign file_16.mp4 victor
salida: 0 en su sitio y comprobado, 1 no se puede (y por qué), 69 el monitor no está en marcha""",
    "cli.notify": "los avisos: «notify test» envía un mensaje de prueba por cada canal",
    "cli.notify.examples": "ejemplo:\n  trafico-monitor notify test                 salida: 0 llegaron todos, 1 alguno no",
    "option.incident": "identificador del incidente, o su comienzo",
    "option.ack": "identificador del incidente, o su comienzo; o el nombre de la alarma",
    "option.duration": "cuánto tiempo: 90s, 30min, 1h30m, 2d (de 1 min a 7 días)",
    "option.silence.type": "solo los avisos de este tipo de error",
    "option.silence.modelo": "solo los avisos de este modelo",
    "option.silence.incident": "solo los avisos de este incidente",
    "option.silence.reason": "por qué; quedará anotado (obligatorio)",
    "option.silence.list": "los silencios que hay",
    "option.silence.end": "terminar este silencio",
    "option.file": "nombre en _rescatados, o ruta entera",
    "option.modelo": "carpeta del modelo; se crea si hace falta",
    "option.notify": "probar todos los canales",
    "silence.none": "ningún silencio",
    "silence.usage": "hace falta una duración con --reason, o bien --list, o bien --end ID (trafico-monitor silence --help)",
    "silence.head.id": "ID",
    "silence.head.hasta": "HASTA",
    "silence.head.ambito": "QUÉ",
    "silence.head.por": "QUIÉN",
    "silence.head.motivo": "MOTIVO",
    "span.invalid": "«{valor}» no es una duración: se espera por ejemplo «90s», «30min», «1h30m» o «2d»",
    "calling.stopped": "el monitor no está en marcha: nada se ha hecho. Arránquelo con «sudo systemctl start trafico-monitor» y pídalo otra vez",
    "incident.acknowledged": "  enterado    {por}, {hora}",
    "incident.exception": "  excepción   {clase}",
    "incident.asked": "  repetido    {veces} veces a petición de alguien; la última, {por}",
    "status.silences": "silencios",
    "status.acknowledged": " · enterado: {por}",
    "status.alarm": "alarma {id}",
    "status.asked": " · repetido por {por}",
    "notice.acknowledged": "👤 Enterado: {por}, {hora}",
    # What the alert bot answers, and what it says when it cannot. No mark-up here.
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
    # What goes wrong on a channel, and what mends it. Addresses are secrets: only the name is said.
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
