"""Who has been told what: silences, maintenance and escalation in the records, channels in `status`."""

TEXTS: dict[str, str] = {
    "record.maintenance": "🔧 {unidad} is being stopped by a person: maintenance, up to {segundos} s;"
    " alerts that are not critical wait",
    "record.maintenance_over": "🔧 {unidad}: maintenance is over; alerts that were not needed any more: {silenciados}",
    "record.silence_over": "🔔 Silence {silencio} is over ({motivo}); alerts silenced: {silenciados}",
    "record.notice_silenced": "🔕 Silenced by {silencio} ({motivo}): {que}{id}",
    "record.escalated": "📣 Without an answer: on to the channel {canal}: {que}{id}",
    "status.channel": "channel {canal}",
    "status.channel.fine": "{n} to send; last taken {hora}",
    "status.channel.never": "none yet",
    "status.channel.trouble": "{n} to send; {error}",
    "status.channel.unusable": "TAKES NO ALERTS ({error}); its own go by: {canal}",
    "status.channel.alone": "TAKES NO ALERTS ({error}); there is no other channel, {n} wait",
    "status.maintenance.stopped": "stopped by a person",
    "status.maintenance.started": "runs again",
    "status.maintenance.died": "ended in a crash",
    "status.silenced": " · silenced: {n}",
    "status.unanswered": "without answer",
}
