"""What people ask of the running monitor, and what it answers: command line, panel, alert bot; what goes wrong on a channel."""

TEXTS: dict[str, str] = {
    # Answers. The first of each group is what happens when all is well.
    "request.retry_begun": "#{id} ({tipo}, {video}): tried again; trafico-monitor incidents show {id} tells how it goes",
    "request.retry_held": "#{id} ({tipo}, {video}): open again; it will be tried as soon as this is over: {causa}",
    "request.retry_under_way": "#{id} ({tipo}, {video}): being repaired already ({accion}); no need to ask again",
    "request.retry_solved": "#{id} ({tipo}, {video}): solved already; there is nothing to repeat",
    "request.retry_waiting": "#{id} ({tipo}, {video}): waits for this to be over: {causa}; then it goes on by itself",
    "request.retry_refused": "#{id} ({tipo}, {video}): cannot be tried again: {motivo}",
    "request.acknowledged": "#{id} ({tipo}, {video}): acknowledged; no more reminders",
    "request.acknowledged_already": "#{id} ({tipo}, {video}): {por} has acknowledged it already ({hora})",
    "request.ack_solved": "#{id} ({tipo}, {video}): solved already; there is nothing to acknowledge",
    "request.alarm_acknowledged": "{alarma} ({que}): acknowledged; no more reminders until it ends or becomes worse",
    "request.alarm_acknowledged_already": "{alarma} ({que}): {por} has acknowledged it already ({hora})",
    "request.unknown_alarm": "no active alarm «{alarma}» (trafico-monitor status shows those that stand)",
    "request.silenced": "silenced until {hasta}: {ambito} (to end it earlier: trafico-monitor silence --end {silencio})",
    "request.silenced_already": "silenced already until {hasta}: {ambito} ({silencio})",
    "request.silence_ended": "ended: {silencio} ({ambito}); the alerts are back",
    "request.silence_ended_already": "{silencio} ({ambito}) had ended already",
    "request.assigned": "{archivo} is now {ruta} · {pruebas}",
    "request.assign_under_way": "{archivo}: being moved to modelo {modelo}; trafico-monitor status and monitor.log will tell how it ends",
    "request.assign_taken": "{archivo}: being assigned to another modelo already",
    "request.assign_repairing": "{archivo}: incident #{id} is still being repaired; wait until that has ended",
    "request.assigned_before": "{archivo} was assigned to {modelo} before: it is at {ruta}",
    "request.assign_failed": "{archivo} was not assigned to modelo {modelo}: {motivo}",
    "request.assign_unproven": "{archivo} was moved to modelo {modelo}, but it is not proven to be well: {motivo}",
    "request.tested": "a test message went through every channel:\n{lista}",
    "request.tested_with_trouble": "{fallos} of {total} channels did not take the test message:\n{lista}",
    "request.no_channel": "no alert channel is configured: [telegram] admin_id and token, or [channels.NAME]",
    "request.test.taken": "  ✅ {canal}: delivered in {segundos} s",
    "request.test.trouble": "  ❌ {canal}: {problema} ({segundos} s)",
    # What cannot be understood or does not exist.
    "request.unknown_incident": "no incident «{id}» (trafico-monitor incidents shows them)",
    "request.unknown_silence": "no silence «{silencio}» (trafico-monitor silence --list shows them)",
    "request.unknown_file": "«{archivo}» is not in _rescatados; was it assigned before?",
    "request.other_file": "«{archivo}» is another file of _rescatados by now: nothing was moved",
    "request.ambiguous_incident": "several incidents begin with «{id}»: write the whole id",
    "request.invalid_incident": "«{id}» is no incident's id: expected are 8 letters or digits such as T7F3K2AB, or their beginning",
    "request.invalid_seconds": "a silence lasts between 60 s and 7 days",
    "request.invalid_reason": "a reason is needed, of 1 to {maximo} characters",
    "request.invalid_scope": "a silence is for everything, for a type, for a modelo or for an incident",
    "request.invalid_type": "«{valor}» is no type of error: {tipos}",
    "request.invalid_modelo": "«{modelo}» cannot be a modelo's folder: expected is a single name, without «/» and not beginning with «_» or «.»",
    "request.invalid_file": "«{archivo}» is no file of _rescatados: expected is its name, or its whole path",
    "request.unreadable_file": "«{archivo}» cannot be read: {motivo}",
    "request.no_site": "the models directory is not known: the project has to be configured (trafico-monitor check)",
    # How the monitor itself stands.
    "request.unconfirmed": "received but not confirmed yet: the monitor cannot store it now (trafico-monitor status says why)",
    "request.no_records": "the monitor's records cannot be read now: {texto}",
    "request.stopping": "the monitor is stopping: try again when it runs",
    "request.busy": "too many requests at once: try again in a moment",
    "request.internal": "internal error of the monitor (journalctl -u trafico-monitor)",
    # What was asked, in a few words.
    "request.kind.retry": "a retry",
    "request.kind.acknowledge": "an acknowledgement",
    "request.kind.silence": "a silence",
    "request.kind.end_silence": "the end of a silence",
    "request.kind.assign": "the assignment of a rescued file",
    "request.kind.test": "a test of the alerts",
    # What a silence is about.
    "scope.all": "all alerts",
    "scope.type": "type {valor}",
    "scope.modelo": "modelo {valor}",
    "scope.incident": "incident #{valor}",
    "scope.maintenance": "maintenance of {valor}",
    # The monitor's own story.
    "record.request_retry": "👤 {por} asks for a retry: {tipo} · video {video} · #{id}",
    "record.request_ack": "👤 {por} acknowledges: {tipo} · video {video} · #{id}",
    "record.request_ack_alarm": "👤 {por} acknowledges: {que} · {alarma}",
    "record.request_silence": "🔕 {por} silences until {hasta}: {ambito} · {motivo} · {silencio}",
    "record.request_silence_ended": "🔔 {por} ends the silence {silencio}: {ambito}",
    "record.request_assign": "👤 {por} assigns {archivo} to modelo {modelo}",
    "record.request_test": "👤 {por} tests the alerts: {resultado}",
    "record.request_refused": "👤 {por} asks for {peticion}: not done · {motivo}",
    "record.assigned": "✅ Assigned: {archivo} → {ruta} · {pruebas}",
    "record.assign_failed": "❌ {archivo} was not assigned to modelo {modelo}: {motivo}",
    "accion.request_retry": "retry asked for by {por}",
    "accion.request_ack": "acknowledged: {por}",
    "accion.request_assign": "assign to modelo {modelo}, asked for by {por}",
    "accion.assigned": "assigned to modelo {modelo}",
    "accion.assign_failed": "not assigned to modelo {modelo}",
    # The commands.
    "cli.retry": "repair a failed incident once more",
    "cli.retry.examples": """examples:
  trafico-monitor retry T7F3K2AB              once more, with all its attempts
  trafico-monitor retry T7F3 --json           its beginning will do, if no other begins so
exit: 0 it is tried again, 1 it cannot be (and why), 69 the monitor is not running, 77 no permission""",
    "cli.ack": "acknowledge an incident or an alarm: no more reminders, no escalation",
    "cli.ack.examples": """examples:
  trafico-monitor ack T7F3K2AB
  trafico-monitor ack unit                    an alarm without an incident
Alarms without an incident: unit (the bot), space (the disk), own_store, own_logs and own_place
(the monitor's own files); trafico-monitor status shows those that stand.
exit: 0 done, 1 it cannot be (and why), 69 the monitor is not running, 77 no permission""",
    "cli.silence": "get no alerts for a time: of anything, of a type, of a modelo or of an incident",
    "cli.silence.examples": """examples:
  trafico-monitor silence 1h --reason "changing the disk"
  trafico-monitor silence 1h30m --type timeout --reason "the network is bad"
  trafico-monitor silence 2d --modelo victor --reason "on holiday"
  trafico-monitor silence --list              those that there are
  trafico-monitor silence --end S7K2M         end one before its time
Incidents are repaired and recorded all the same. Durations as systemd's: 90s, 30min, 1h30m, 2d.""",
    "cli.assign": "give a file of _rescatados to the modelo that it belongs to",
    "cli.assign.examples": """examples:
  ls modelos/_rescatados                      those that there are; the .json note tells where each came from
  trafico-monitor assign file_16.mp4 victor
exit: 0 in its place and verified, 1 it cannot be (and why), 69 the monitor is not running""",
    "cli.notify": "the alerts: «notify test» sends a test message through every channel",
    "cli.notify.examples": "example:\n  trafico-monitor notify test                 exit: 0 all arrived, 1 some did not",
    "option.incident": "the incident's id, or its beginning",
    "option.ack": "the incident's id, or its beginning; or the alarm's name",
    "option.duration": "for how long: 90s, 30min, 1h30m, 2d (from 1 min to 7 days)",
    "option.silence.type": "only the alerts of this type of error",
    "option.silence.modelo": "only the alerts of this modelo",
    "option.silence.incident": "only the alerts of this incident",
    "option.silence.reason": "why; it will be on record (required)",
    "option.silence.list": "the silences that there are",
    "option.silence.end": "end this silence",
    "option.file": "a name in _rescatados, or a whole path",
    "option.modelo": "the modelo's folder; made if need be",
    "option.notify": "try all channels",
    "silence.none": "no silences",
    "silence.usage": "either a duration with --reason is needed, or --list, or --end ID (trafico-monitor silence --help)",
    "silence.head.id": "ID",
    "silence.head.hasta": "UNTIL",
    "silence.head.ambito": "WHAT",
    "silence.head.por": "WHO",
    "silence.head.motivo": "REASON",
    "span.invalid": "«{valor}» is no duration: expected is for example «90s», «30min», «1h30m» or «2d»",
    "calling.stopped": "the monitor is not running: nothing was done. Start it with «sudo systemctl start trafico-monitor» and ask again",
    "incident.acknowledged": "  acknowledged {por}, {hora}",
    "incident.exception": "  exception   {clase}",
    "incident.asked": "  tried again {veces} times because somebody asked; last {por}",
    "status.silences": "silences",
    "status.acknowledged": " · acknowledged: {por}",
    "status.alarm": "alarm {id}",
    "status.asked": " · tried again for {por}",
    "notice.acknowledged": "👤 Acknowledged: {por}, {hora}",
    # What the alert bot answers, and what it says when it cannot. No mark-up here.
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
    # What goes wrong on a channel, and what mends it. Addresses are secrets: only the name is said.
    "channels.apprise.absent": "channel «{canal}» needs Apprise: sudo apt install apprise",
    "channels.apprise.address": "Apprise does not understand channels.{canal}.url: check the address (one a channel)",
    "channels.apprise.status": "the service of channel «{canal}» answered {estado}",
    "channels.apprise.rights": "the service of channel «{canal}» answered {estado}: check the key in"
    " channels.{canal}.url",
    "channels.apprise.mail_rights": "the mail server of channel «{canal}» answered {estado}: check user and password"
    " in channels.{canal}.url",
    "channels.apprise.unreachable": "the service of channel «{canal}» cannot be reached",
    "channels.apprise.refused": "the service of channel «{canal}» did not take the message",
    "channels.apprise.broken": "Apprise failed to send by channel «{canal}» ({detalle})",
    "channels.webhook.address": "channels.{canal}.url is not an http:// or https:// address",
    "channels.webhook.unreachable": "the address of channel «{canal}» cannot be reached: {detalle}",
    "channels.webhook.status": "the address of channel «{canal}» answered {estado}",
    "channels.webhook.rights": "the address of channel «{canal}» answered {estado}: check channels.{canal}.url",
    "channels.webhook.redirect": "the address of channel «{canal}» sends elsewhere ({estado}): put the final one into"
    " channels.{canal}.url",
    "channels.webhook.wait": "the address of channel «{canal}» asks to wait {segundos} s",
    "channels.webhook.refused": "the address of channel «{canal}» refuses this message ({estado})",
    "channels.deadline": "channel «{canal}» did not answer within {segundos} s",
    "channels.cause.name": "that name is not found",
    "channels.cause.certificate": "its certificate is not valid",
    "channels.cause.refused": "it takes no connection",
    "channels.cause.silent": "it did not answer in time",
    "channels.cause.broken": "the connection broke",
    # A Telegram channel beside the administrator's.
    "channels.telegram.blocked": "the chat of channel «{canal}» has blocked the bot or does not let it write: let"
    " somebody open the chat and send /start ({detalle})",
    "channels.telegram.token": "Telegram does not accept the token of channel «{canal}»: check channels.{canal}.token"
    " ({detalle})",
    "channels.telegram.chat": "the chat of channel «{canal}» is no use: check channels.{canal}.chat and send /start to"
    " the bot ({detalle})",
    "channels.telegram.migrated": "the group of channel «{canal}» has a new identifier: put"
    ' channels.{canal}.chat = "{chat}"',
    # The dead man's ping.
    "channels.ping.address": "alerts.ping_url is not an http:// or https:// address",
    "channels.ping.failed": "The sign of life (alerts.ping_url) does not arrive: {detalle}",
    "channels.ping.status": "it answered {estado}",
    "channels.ping.back": "The sign of life (alerts.ping_url) arrives again",
}
