"""What the commands print."""

TEXTS: dict[str, str] = {
    "cli.description": "Vigila las descargas de bot_central en el journal, las repara, lo demuestra y lo cuenta.",
    "cli.examples": """ejemplos:
  sudo trafico-monitor setup --project .  preparar este equipo, paso a paso
  sudo trafico-monitor trial              la primera prueba, a la vista
  journalctl -u trafico-monitor -f        ver lo que hace
  sudo trafico-monitor check              qué falta y cómo se arregla
  trafico-monitor incidents show T7F3K2AB un incidente con sus pruebas
  trafico-monitor retry T7F3K2AB          reparar otra vez uno que falló""",
    "help.usage": "uso:",
    "help.command": "ORDEN",
    "help.commands": "órdenes (cada una tiene su --help)",
    "help.arguments": "argumentos",
    "help.options": "opciones",
    "help.help": "esta ayuda",
    "help.version": "la versión",
    "help.hint": "   → {order} --help",
    "cli.run": "vigilar (lo llama el servicio; en un terminal muestra la historia en directo)",
    "cli.run.examples": "ejemplo:\n  sudo -u trafico-monitor trafico-monitor run --config /etc/trafico-monitor/config.toml",
    "cli.check": "comprobar la instalación: cada hallazgo con la orden que lo arregla",
    "cli.check.examples": "salida: 0 bien, 1 avisos, 2 crítico",
    "cli.status": "cómo está ahora: bot, servidor, disco, incidentes abiertos",
    "cli.status.examples": "ejemplo:\n  trafico-monitor status --json",
    "cli.incidents": "los incidentes, el más reciente primero; «show ID» enseña uno con sus pruebas",
    "cli.incidents.examples": """ejemplos:
  trafico-monitor incidents --since yesterday --type timeout
  trafico-monitor incidents show T7F3K2AB""",
    "cli.report": "resumen: por tipo y estado, por modelo, por hora, con tiempos de reparación",
    "cli.report.examples": "ejemplo:\n  trafico-monitor report --since '2025-12-25 14:00'",
    "cli.rules": "las reglas de detección: list, lint, test, unknown",
    "cli.rules.examples": "ejemplo:\n  journalctl -u trafico-main -o cat | trafico-monitor rules test -",
    "cli.replay": "ensayo sin efectos: qué incidentes abrirían estas líneas y qué se haría",
    "cli.replay.examples": "ejemplo:\n  trafico-monitor replay --since yesterday",
    "option.json": "salida en JSON",
    "option.config": "archivo de configuración",
    "option.since": "desde (formas de journalctl: «yesterday», «-1h», «2025-12-25 14:00»)",
    "option.until": "hasta",
    "option.type": "solo de este tipo de error",
    "option.estado": "solo en este estado",
    "option.limit": "cuántos como mucho",
    "option.directory": "carpeta con ficheros de journal",
    "option.lines": "fichero con líneas del bot; - es la entrada estándar",
    "option.id": "identificador, o su comienzo",
    "time.invalid": "«{valor}» no es una hora: se espera «now», «today», «yesterday», «-1h», «2025-12-25 14:00» o «@segundos»",
    "incidents.none": "ningún incidente",
    "incidents.unknown": "ningún incidente «{id}», o más de uno empieza así",
    "incident.show": """Incidente #{id}
  tipo        {tipo}
  estado      {estado}{motivo}
  modelo      {modelo}
  video       {video}
  detectado   {abierto}
  cerrado     {cerrado}
  repeticiones {veces}
  intentos    {intento}/{max_intentos}
  regla       {regla}""",
    "incident.lines": "Líneas del bot:",
    "incident.evidence": "Pruebas:",
    "incident.history": "Historia:",
    "incident.open": "abierto todavía",
    "status.head": "trafico-monitor {version}: {resumen}",
    "status.running": "en marcha desde {desde}",
    "status.stopped": "parado (último dato: {desde})",
    "status.line": "  {nombre:12} {valor}",
    "status.unit": "bot",
    "status.server": "servidor",
    "status.space": "disco",
    "status.open": "abiertos",
    "status.lag": "retraso",
    "status.sight": "visión",
    "status.sight.whole": "completa",
    "status.sight.reason": "{texto} (desde {desde})",
    "status.sight.dropped": "{n} líneas descartadas por journald en total",
    "status.outbox": "mensajes",
    "status.missing": "falta",
    "status.outbox.waiting": "{n} por enviar{error}",
    "status.notify": "Vigilando {unidad} · {abiertos} abiertos · {solucionados} solucionados · {fallidos} fallidos{falta}",
    "status.notify.missing": " · falta: {falta}",
    "cli.space": "qué ocupa el disco y qué se podría borrar con seguridad",
    "cli.space.examples": "ejemplos:\n  sudo trafico-monitor space\n  sudo trafico-monitor space --list delivered | tr '\\0' '\\n'",
    "option.list": "rutas separadas por NUL, para xargs -0",
    "report.title": "Resumen de descargas desde {desde}",
    "report.total": "{total} incidentes: {solucionado} solucionados, {fallido} fallidos, {abiertos} abiertos",
    "report.by_type": "Por tipo y estado",
    "report.by_modelo": "Por modelo",
    "report.by_hour": "Por hora",
    "report.repair": "Tiempo de reparación: mediana {mediana} s, media {media} s",
    "report.ledger": "Por corrección (desde la primera línea hasta la prueba; por horas enteras)",
    "head.orden": "ORDEN",
    "head.probadas": "PROBADAS",
    "head.bien": "BIEN",
    "head.mal": "MAL",
    "head.mediana": "MEDIANA",
    "head.p95": "P95",
    "head.motivo": "MOTIVO MÁS FRECUENTE",
    "report.always": "el principio",
    "incidents.usage": "«{palabras}» no se entiende: se espera «incidents» o «incidents show ID»",
    "head.id": "ID",
    "head.hora": "HORA",
    "head.tipo": "TIPO",
    "head.estado": "ESTADO",
    "head.modelo": "MODELO",
    "head.video": "VIDEO",
}
