"""What the alert bot answers, and what it says when it cannot. No mark-up here."""

TEXTS: dict[str, str] = {
    # Buttons beneath a message about an incident: a phone shows about 16 characters.
    "answers.button.retry": "🔁 Retry",
    "answers.button.acknowledge": "👍 Got it",
    "answers.button.silence": "🔕 Silence 1 h",
    # Buttons that ask whose a rescued video is; the others there are the names of modelos.
    "answers.choice.all": "All, from A to Z ({n}) ▸",
    "answers.choice.latest": "◂ The latest",
    "answers.choice.before": "◂ {n}",
    "answers.choice.after": "{n} of {total} ▸",
    "answers.choice.forgotten": "⚠️ That alert is too old: see “ls modelos/_rescatados” and use “trafico-monitor assign”",
    "answers.choice.gone": "⚠️ The folder of that modelo is not there any more: choose another",
    "answers.choice.over": "⚠️ That video does not wait in _rescatados any more",
    # The commands as Telegram lists them: name, tab, what it does; one a line.
    "answers.commands": "status\thow things stand now"
    "\nincidents\tthe open incidents"
    "\nretry\ttry an incident again: /retry ID"
    "\nack\tacknowledge an incident: /ack ID"
    "\nsilence\tno alerts for a time: /silence ID or /silence 1h"
    "\nhelp\twhat may be asked",
    "answers.help": "👀 Download Monitor\n"
    "\n/status – how things stand now"
    "\n/incidents – the open incidents"
    "\n/retry ID – try an incident again now"
    "\n/ack ID – seen: no reminders, nobody else needs to be told"
    "\n/silence ID – no alerts about that incident for 1 h"
    "\n/silence 1h – no alerts at all for that long (30m, 2h, 1d; 7 days at most)"
    "\n\nThe buttons of each alert do the same.",
    "answers.status": "📊 The monitor",
    "answers.status.unit": "🤖 Bot: {valor}",
    "answers.status.server": "🖥️ Server: {valor}",
    "answers.status.space": "💾 Disk: {valor}",
    "answers.status.open": "📂 Open incidents: {n}",
    "answers.status.rescued": "📦 Waiting in _rescatados: {n} ({size}) · {orden}",
    "answers.status.alarm": "🚨 {que} · #{id}",
    "answers.status.alarm.known": "🚨 {que} · #{id} · acknowledged: {por}",
    "answers.status.missing": "⚠️ Missing: {falta}",
    "answers.status.channel.ok": "📬 Channel {nombre}: fine, {n} to send",
    "answers.status.channel.bad": "📭 Channel {nombre}: {n} to send – {detalle}",
    "answers.incidents": "📂 Open incidents: {n}",
    "answers.incidents.none": "✅ No incident is open",
    "answers.incidents.more": "… and {n} more: trafico-monitor incidents",
    "answers.incidents.how": "/retry ID · /ack ID · /silence ID",
    "answers.incident": "#{id} {icono} {que} · {estado}",
    "answers.incident.whom": "   {modelo} · {video} · {hora}",
    "answers.done": "✅ Done ({codigo})",
    "answers.refused": "⚠️ Not possible ({codigo})",
    "answers.no_reply": "⏳ The monitor has not answered within {segundos} s: look at /incidents before asking again",
    "answers.unclear.incident": "⚠️ The incident's id is missing, for example T7F3K2AB: see /incidents",
    "answers.unclear.silence": "⚠️ Expected: /silence ID, /silence 1h or /silence ID 2h",
    "answers.unclear.duration": "⚠️ A silence lasts from 1 minute to 7 days: 30m, 2h, 1d",
    "answers.unclear.button": "⚠️ That button is not of this version: use /incidents",
    "answers.late.message": "⌛ Your message came more than {minutos} min late and nothing was done: send it again if"
    " it is still wanted",
    "answers.late.press": "⌛ How long that press has been waiting is not known, and nothing was done: press again if"
    " it is still wanted",
    "answers.too_many": "⏳ Too many requests at once: wait a minute",
    "answers.trouble": "⚠️ The monitor could not see to the request: look at «journalctl -u trafico-monitor»",
    "answers.reason": "asked for on Telegram",
    # What the status and the records say of the alert bot itself.
    "answers.off.no_token": "answers on Telegram need a token of their own for alerts (telegram.alert_token)",
    "answers.off.same_bot": "telegram.alert_token is of the same bot as TELEGRAM_TOKEN, and that bot can only be"
    " asked by bot_central: make another bot with @BotFather for the alerts",
    "answers.off.nobody": "nobody can answer the alerts: ADMIN_ID is not a person's number",
    "answers.note.stranger": "Somebody without permission wrote to the alert bot: user {usuario}, chat {chat}; no answer"
    " is given",
    "answers.note.strangers": "More than {n} strangers write to the alert bot; further ones are not noted",
    "answers.note.conflict": "Another program asks the alert bot (getUpdates): its answers do not come here; use that"
    " token in the monitor only",
    "answers.note.webhook": "The alert bot has a webhook, so answers cannot be read: take it away (deleteWebhook) or"
    " use another bot",
    "answers.note.token": "Telegram does not accept the alert token: check telegram.alert_token",
    "answers.note.unreachable": "The alert bot cannot be asked whether somebody answers: {detalle}",
    "answers.note.unsaid": "The alert bot could not answer: {detalle}",
    "answers.note.storage": "Nobody is obeyed on Telegram while it cannot be stored how far it got: {detalle}",
    "answers.note.update": "A request on Telegram failed: {detalle}",
    "answers.note.back": "The alert bot reads answers again",
}
