"""What an operator does from the dashboard, and the status page."""

TEXTS: dict[str, str] = {
    "ui.channels": "Channels",
    "ui.channel.stand_in": "{canal} stands in",
    "ui.channel.resumes": "again at {hora}",
    "ui.export": "Download CSV",
    "ui.act.test": "Test",
    "ui.act.silence_all": "Silence everything",
    "ui.ask.test": "Send a test message?",
    "ui.ask.test.about": "It goes through every channel; the answer says how long each of them took.",
    "ui.ask.silence_all": "Silence every alert?",
    "ui.ask.silence_all.about": "For a maintenance: when it ends, you are told of whatever is still wrong.",
    "ui.alerts.silenced": "Silenced",
    "ui.verdict.silenced": "alerts silenced until {hora}",
}
