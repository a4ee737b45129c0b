"""The monitor's own files, when they cannot be written."""

TEXTS: dict[str, str] = {
    "own.space": "disco lleno",
    "own.quota": "cuota de disco agotada",
    "own.read_only": "sistema de archivos de solo lectura",
    "own.gone": "la carpeta ya no existe",
    "own.denied": "sin permiso de escritura",
    "own.link": "«{parte}» es un enlace",
    "own.owner": "«{parte}» es de {quien}",
    "own.writable": "en «{parte}» pueden escribir otros",
    "own.other": "no admite escrituras",
    "own.advice.space": "Qué hacer: libera espacio en ese disco (df -h {ruta}); el monitor seguirá solo.",
    "own.advice.quota": "Qué hacer: amplía la cuota o borra archivos de ese usuario (quota); el monitor seguirá solo.",
    "own.advice.read_only": "Qué hacer: mira por qué está montado de solo lectura (dmesg) y vuelve a montarlo;"
    " si no sigue solo: sudo systemctl restart trafico-monitor.",
    "own.advice.gone": "Qué hacer: sudo systemctl restart trafico-monitor la crea de nuevo.",
    "own.advice.denied": "Qué hacer: devuelve la carpeta al usuario trafico-monitor (sudo chown -R trafico-monitor: {ruta}).",
    "own.advice.link": "Qué hacer: elige una carpeta que solo sea de root o del monitor, hasta arriba (namei -l {ruta}),"
    " o quita esa línea de la configuración.",
    "own.advice.owner": "Qué hacer: elige una carpeta que solo sea de root o del monitor, hasta arriba (namei -l {ruta}),"
    " o quita esa línea de la configuración.",
    "own.advice.writable": "Qué hacer: elige una carpeta que solo sea de root o del monitor, hasta arriba (namei -l {ruta}),"
    " o quita esa línea de la configuración.",
    "own.advice.other": "Qué hacer: mira el estado del disco (dmesg, df -h {ruta}).",
    "record.own_store": "❌ El monitor no puede escribir su base de datos en {ruta} ({motivo}): sigue detectando y"
    " avisando de memoria, y las correcciones esperan",
    "record.own_store_back": "✅ La base de datos de {ruta} vuelve a escribirse, tras {segundos} s:"
    " está guardado todo lo de entretanto",
    "record.own_logs": "❌ El monitor no puede escribir sus registros en {ruta} ({motivo}): se completarán cuando se pueda",
    "record.own_logs_back": "✅ Los registros de {ruta} vuelven a escribirse, tras {segundos} s: están completos",
    "record.own_place": "❌ No se escribe en {ruta}, porque {motivo}: se usa {propia}",
    "record.own_place_back": "✅ Se vuelve a escribir en {ruta}, tras {segundos} s",
    "status.own_place": "⚠️ no se escribe en {ruta} ({motivo}), sino en {propia}",
    "notice.own_place": "El monitor no usa la carpeta configurada, porque no es solo suya; escribe en la propia",
    "status.own_store": "⚠️ no se puede escribir en {ruta} ({motivo}); las correcciones esperan",
    "status.own_logs": "⚠️ no se pueden escribir los registros en {ruta} ({motivo})",
    "notice.own_store": "El monitor no puede guardar nada: sigue detectando y avisando, pero las correcciones esperan",
    "notice.own_logs": "El monitor no puede escribir sus registros (descarga_errors.json, monitor.log)",
    "notice.own_back": "El monitor vuelve a escribir en su carpeta; no se ha perdido nada",
    "notice.field.carpeta": "Carpeta: {carpeta}",
}
