"""`trafico-monitor trial`: the supervised session in a terminal."""

TEXTS: dict[str, str] = {
    "cli.trial": "supervised trial: starts the bot and the monitor and shows their story until Ctrl+C",
    "cli.trial.examples": """examples:
  sudo trafico-monitor trial                   the first trial
  sudo trafico-monitor trial --project .       without a setup
  sudo trafico-monitor trial --monitor-only    you start the bot

What ran before goes on running at the end; what the trial has started is
stopped, also if the terminal is closed or the command is killed.""",
    "trial.option.project": "the project's folder, where no unit runs main.py",
    "trial.option.monitor_only": "do not start the bot: start it in another terminal",
    "trial.not_root": "the trial starts services: it must run as root\n   → sudo trafico-monitor trial",
    "trial.no_systemd": "systemd does not run on this machine: the trial has nothing to start the bot with",
    "trial.no_monitor": "the service trafico-monitor is not installed\n   → sudo apt install ./trafico-monitor.deb",
    "trial.no_project": "no unit runs main.py, and it is not known where the project is\n   → sudo trafico-monitor"
    " trial --project /home/…/100trafico",
    "trial.other_project": "the configuration says that the project is {there}, not {given}\n   → sudo"
    " trafico-monitor setup --project {given}",
    "trial.by_hand": "main.py runs outside systemd already (PID {pids}): two at once would take each other's"
    " messages\n   → kill {pids}",
    "trial.failed": "the trial could not be prepared: {order}: {reason}",
    "trial.head": "Supervised trial. Ctrl+C to end it.",
    "trial.bot.started": "✅ Bot Central and Poster Worker: {unit} started",
    "trial.bot.transient": "✅ Bot Central and Poster Worker: {unit} started, for this trial only",
    "trial.bot.running": "✅ Bot Central and Poster Worker: {unit} was running, and will go on",
    "trial.monitor.started": "✅ Download Monitor: {unit} started",
    "trial.monitor.running": "✅ Download Monitor: {unit} was running, and will go on",
    "trial.check": "Preflight: {critical} critical errors, {warning} warnings (sudo trafico-monitor check)",
    "trial.now": "\nNow, in Telegram: send /start to your bot and then a video (better one of over\n20 MB).\n",
    "trial.now_monitor": "\nNow, in another terminal: sudo systemctl start {unit}\n",
    "trial.stopping": "Ending the trial…",
    "trial.downloads": "Downloads that ended well: {n} in {minutos} min ({por_minuto} a minute)",
    "trial.more": """To look at afterwards:
  trafico-monitor incidents              each incident, with its proof
  less {logs}/monitor.log
  jq . {logs}/descarga_errors.json""",
}
