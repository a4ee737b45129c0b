"""Who has been told what: silences, maintenance and escalation in the records, channels in `status`."""

TEXTS: dict[str, str] = {
    "record.maintenance": "🔧 {unidad} se detiene por orden de una persona: mantenimiento, hasta {segundos} s;"
    " los avisos no críticos esperan",
    "record.maintenance_over": "🔧 {unidad}: fin del mantenimiento; avisos que ya no hacían falta: {silenciados}",
    "record.silence_over": "🔔 Fin del silencio {silencio} ({motivo}); avisos silenciados: {silenciados}",
    "record.notice_silenced": "🔕 Silenciado por {silencio} ({motivo}): {que}{id}",
    "record.escalated": "📣 Sin respuesta: pasa al canal {canal}: {que}{id}",
    "status.channel": "canal {canal}",
    "status.channel.fine": "{n} por enviar; último aceptado {hora}",
    "status.channel.never": "ninguno todavía",
    "status.channel.trouble": "{n} por enviar; {error}",
    "status.channel.unusable": "NO ACEPTA AVISOS ({error}); los suyos van por: {canal}",
    "status.channel.alone": "NO ACEPTA AVISOS ({error}); no hay otro canal, esperan {n}",
    "status.maintenance.stopped": "parada por orden de una persona",
    "status.maintenance.started": "vuelve a estar en marcha",
    "status.maintenance.died": "terminó en una caída",
    "status.silenced": " · silenciados: {n}",
    "status.unanswered": "sin respuesta",
}
