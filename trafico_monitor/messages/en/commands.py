"""What the commands print."""

TEXTS: dict[str, str] = {
    "cli.description": "Watches bot_central's downloads in the journal, repairs them, proves it and tells about it.",
    "cli.examples": """examples:
  sudo systemctl start trafico-monitor        begin to watch
  journalctl -u trafico-monitor -f            see what it does
  trafico-monitor check                       what is missing and how to mend it
  trafico-monitor incidents show T7F3K2AB     one incident with its proof
  trafico-monitor retry T7F3K2AB              repair a failed incident once more""",
    "cli.run": "watch (the service calls it; on a terminal it shows the story live)",
    "cli.run.examples": "example:\n  sudo -u trafico-monitor trafico-monitor run --config /etc/trafico-monitor/config.toml",
    "cli.check": "check the installation: each finding with the command that mends it",
    "cli.check.examples": "exit status: 0 fine, 1 warnings, 2 critical",
    "cli.status": "how things stand now: bot, server, disk, open incidents",
    "cli.status.examples": "example:\n  trafico-monitor status --json",
    "cli.incidents": "the incidents, newest first; `show ID` gives one with its proof",
    "cli.incidents.examples": """examples:
  trafico-monitor incidents --since yesterday --type timeout
  trafico-monitor incidents show T7F3K2AB""",
    "cli.report": "summary: by type and estado, by modelo, by hour, with times to repair",
    "cli.report.examples": "example:\n  trafico-monitor report --since '2025-12-25 14:00'",
    "cli.rules": "the detection rules: list, lint, test, unknown",
    "cli.rules.examples": "example:\n  journalctl -u trafico-main -o cat | trafico-monitor rules test -",
    "cli.replay": "rehearsal without effects: which incidents these lines would open and what would be done",
    "cli.replay.examples": "example:\n  trafico-monitor replay --since yesterday",
    "option.json": "print JSON",
    "option.config": "configuration file",
    "option.since": "from (journalctl's forms: `yesterday`, `-1h`, `2025-12-25 14:00`)",
    "option.until": "until",
    "option.type": "only this error_type",
    "option.estado": "only this estado",
    "option.limit": "how many at most",
    "option.id": "identifier, or its beginning",
    "time.invalid": "`{valor}` is no time: expected `now`, `today`, `yesterday`, `-1h`, `2025-12-25 14:00` or `@seconds`",
    "incidents.none": "no incident",
    "incidents.unknown": "no incident `{id}`, or more than one begins like that",
    "incident.show": """Incident #{id}
  type        {tipo}
  estado      {estado}{motivo}
  modelo      {modelo}
  video       {video}
  detected    {abierto}
  closed      {cerrado}
  repeated    {veces}
  attempts    {intento}/{max_intentos}
  rule        {regla}""",
    "incident.lines": "Lines of the bot:",
    "incident.evidence": "Evidence:",
    "incident.history": "History:",
    "incident.open": "still open",
    "status.head": "trafico-monitor {version}: {resumen}",
    "status.running": "running since {desde}",
    "status.stopped": "stopped (last heard of: {desde})",
    "status.line": "  {nombre:12} {valor}",
    "status.unit": "bot",
    "status.server": "server",
    "status.space": "disk",
    "status.open": "open",
    "status.lag": "lag",
    "status.sight": "sight",
    "status.sight.whole": "complete",
    "status.sight.reason": "{texto} (since {desde})",
    "status.sight.dropped": "{n} lines dropped by journald in all",
    "status.outbox": "messages",
    "status.missing": "missing",
    "status.outbox.waiting": "{n} to send{error}",
    "status.notify": "Watching {unidad} · {abiertos} open · {solucionados} solved · {fallidos} failed{falta}",
    "status.notify.missing": " · missing: {falta}",
    "cli.space": "what the disk is used by, and what could safely be deleted",
    "cli.space.examples": "examples:\n  sudo trafico-monitor space\n  sudo trafico-monitor space --list delivered | tr '\\0' '\\n'",
    "option.list": "paths separated by NUL, for xargs -0",
    "report.title": "Summary of downloads since {desde}",
    "report.total": "{total} incidents: {solucionado} solved, {fallido} failed, {abiertos} open",
    "report.by_type": "By type and estado",
    "report.by_modelo": "By modelo",
    "report.by_hour": "By hour",
    "report.repair": "Time to repair: median {mediana} s, mean {media} s",
    "report.ledger": "By correction (time from the first line to the proof; by whole hours)",
    "head.orden": "ORDER",
    "head.probadas": "TRIED",
    "head.bien": "WORKED",
    "head.mal": "FAILED",
    "head.mediana": "MEDIAN",
    "head.p95": "P95",
    "head.motivo": "MOST FREQUENT REASON",
    "report.always": "the beginning",
    "incidents.usage": "`{palabras}` is not understood: expected `incidents` or `incidents show ID`",
    "head.id": "ID",
    "head.hora": "TIME",
    "head.tipo": "TYPE",
    "head.estado": "ESTADO",
    "head.modelo": "MODELO",
    "head.video": "VIDEO",
}
