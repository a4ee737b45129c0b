"""`trafico-monitor trial`: la sesión supervisada en un terminal."""

TEXTS: dict[str, str] = {
    "cli.trial": "prueba supervisada: arranca el bot y el monitor y enseña su historia hasta Ctrl+C",
    "cli.trial.examples": """ejemplos:
  sudo trafico-monitor trial                   la primera prueba
  sudo trafico-monitor trial --project .       sin haber hecho setup
  sudo trafico-monitor trial --monitor-only    el bot lo arranca usted

Lo que ya estaba en marcha sigue en marcha al terminar; lo que arrancó la
prueba se para, también si se cierra el terminal o se mata la orden.""",
    "trial.option.project": "carpeta del proyecto, si no hay una unidad que ejecute main.py",
    "trial.option.monitor_only": "no arrancar el bot: arránquelo en otro terminal",
    "trial.not_root": "la prueba arranca servicios: hace falta ser root\n   → sudo trafico-monitor trial",
    "trial.no_systemd": "systemd no está en marcha en este equipo: la prueba no tiene con qué arrancar el bot",
    "trial.no_monitor": "el servicio trafico-monitor no está instalado\n   → sudo apt install ./trafico-monitor.deb",
    "trial.no_project": "no hay una unidad que ejecute main.py, ni se sabe dónde está el proyecto\n   → sudo"
    " trafico-monitor trial --project /home/…/100trafico",
    "trial.other_project": "la configuración dice que el proyecto es {there}, y no {given}\n   → sudo trafico-monitor"
    " setup --project {given}",
    "trial.by_hand": "main.py ya está en marcha fuera de systemd (PID {pids}): dos a la vez se quitarían los"
    " mensajes\n   → kill {pids}",
    "trial.failed": "no se pudo preparar la prueba: {order}: {reason}",
    "trial.head": "Prueba supervisada. Ctrl+C para terminar.",
    "trial.bot.started": "✅ Bot Central y Poster Worker: {unit} arrancado",
    "trial.bot.transient": "✅ Bot Central y Poster Worker: {unit} arrancado, solo para esta prueba",
    "trial.bot.running": "✅ Bot Central y Poster Worker: {unit} ya estaba en marcha, y así seguirá",
    "trial.monitor.started": "✅ Monitor de Descargas: {unit} arrancado",
    "trial.monitor.running": "✅ Monitor de Descargas: {unit} ya estaba en marcha, y así seguirá",
    "trial.check": "Comprobación previa: {critical} errores críticos, {warning} avisos (sudo trafico-monitor check)",
    "trial.now": "\nAhora, en Telegram: envíe /start a su bot y después un vídeo (mejor de más de\n20 MB).\n",
    "trial.now_monitor": "\nAhora, en otro terminal: sudo systemctl start {unit}\n",
    "trial.stopping": "Terminando la prueba…",
    "trial.downloads": "Descargas terminadas: {n} en {minutos} min ({por_minuto} por minuto)",
    "trial.more": """Para mirar después:
  trafico-monitor incidents              cada incidente, con sus pruebas
  less {logs}/monitor.log
  jq . {logs}/descarga_errors.json""",
}
