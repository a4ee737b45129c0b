"""The monitor's own files, when they cannot be written."""

TEXTS: dict[str, str] = {
    "own.space": "disk full",
    "own.quota": "disk quota exceeded",
    "own.read_only": "read-only file system",
    "own.gone": "the directory does not exist any more",
    "own.denied": "no permission to write",
    "own.link": "«{parte}» is a symbolic link",
    "own.owner": "«{parte}» belongs to {quien}",
    "own.writable": "others can write to «{parte}»",
    "own.other": "takes no writes",
    "own.advice.space": "What to do: free space on that disk (df -h {ruta}); the monitor goes on by itself.",
    "own.advice.quota": "What to do: raise the quota or remove files of that user (quota); the monitor goes on by itself.",
    "own.advice.read_only": "What to do: see why it is mounted read-only (dmesg) and mount it again;"
    " if it does not go on by itself: sudo systemctl restart trafico-monitor.",
    "own.advice.gone": "What to do: sudo systemctl restart trafico-monitor makes it again.",
    "own.advice.denied": "What to do: give the directory back to the user trafico-monitor (sudo chown -R trafico-monitor: {ruta}).",
    "own.advice.link": "What to do: choose a directory that is root's or the monitor's alone, all the way up"
    " (namei -l {ruta}), or remove that line of the configuration.",
    "own.advice.owner": "What to do: choose a directory that is root's or the monitor's alone, all the way up"
    " (namei -l {ruta}), or remove that line of the configuration.",
    "own.advice.writable": "What to do: choose a directory that is root's or the monitor's alone, all the way up"
    " (namei -l {ruta}), or remove that line of the configuration.",
    "own.advice.other": "What to do: look at the state of the disk (dmesg, df -h {ruta}).",
    "record.own_store": "❌ The monitor cannot write its database in {ruta} ({motivo}): it goes on detecting and"
    " alerting from memory, and corrections wait",
    "record.own_store_back": "✅ The database in {ruta} can be written again, after {segundos} s:"
    " everything of the meantime is stored",
    "record.own_logs": "❌ The monitor cannot write its logs in {ruta} ({motivo}): they will be completed when it can",
    "record.own_logs_back": "✅ The logs in {ruta} can be written again, after {segundos} s: they are complete",
    "record.own_place": "❌ {ruta} is not written to, because {motivo}: {propia} is used",
    "record.own_place_back": "✅ {ruta} is written to again, after {segundos} s",
    "status.own_place": "⚠️ {ruta} is not written to ({motivo}), but {propia}",
    "notice.own_place": "The monitor does not use the configured directory, which is not its own alone; it writes to its own",
    "status.own_store": "⚠️ cannot write in {ruta} ({motivo}); corrections wait",
    "status.own_logs": "⚠️ cannot write the logs in {ruta} ({motivo})",
    "notice.own_store": "The monitor can store nothing: it goes on detecting and alerting, but corrections wait",
    "notice.own_logs": "The monitor cannot write its logs (descarga_errors.json, monitor.log)",
    "notice.own_back": "The monitor can write in its directory again; nothing was lost",
    "notice.field.carpeta": "Directory: {carpeta}",
}
