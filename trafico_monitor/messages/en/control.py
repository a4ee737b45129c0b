"""What people ask of the running monitor, and what it answers: command line, panel, alert bot."""

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
}
