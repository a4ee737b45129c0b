"""What an operator does from the dashboard, and the status page."""

TEXTS: dict[str, str] = {
    "ui.channels": "Channels",
    "ui.channel.stand_in": "{canal} stands in",
    "ui.channel.resumes": "again at {hora}",
    "ui.export": "Download CSV",
    "ui.act.assign": "Assign",
    "ui.ask.assign": "Whose video is it?",
    "ui.ask.assign.about": "The monitor moves it to the folder of the modelo, under its name, and checks that it arrives whole. It overwrites nothing.",
    "ui.ask.file": "Video",
    "ui.ask.modelo": "Modelo",
    "ui.rescued.nothing": "No video is left in _rescatados.",
    "web.rescued": "the folder _rescatados cannot be read now: try again",
    "ui.act.test": "Test",
    "ui.act.silence_all": "Silence everything",
    "ui.ask.test": "Send a test message?",
    "ui.ask.test.about": "It goes through every channel; the answer says how long each of them took.",
    "ui.ask.silence_all": "Silence every alert?",
    "ui.ask.silence_all.about": "For a maintenance: when it ends, you are told of whatever is still wrong.",
    "ui.alerts.silenced": "Silenced",
    "ui.verdict.silenced": "alerts silenced until {hora}",
}
