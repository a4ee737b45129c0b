"""`trafico-monitor setup`: lo que encuentra, lo que pregunta, lo que hace y lo que deshace."""

TEXTS: dict[str, str] = {
    "cli.setup": "preparar este equipo: configuración, unidad del bot y permisos, preguntando antes de cada cambio",
    "cli.setup.examples": """ejemplos:
  sudo trafico-monitor setup --project . --dry-run   qué haría
  sudo trafico-monitor setup --project .             hacerlo, paso a paso
  sudo trafico-monitor setup --undo                  deshacer justo lo hecho

Nunca cambia un fichero que no haya escrito ella misma. Lo hecho queda apuntado
(antes de hacerse) en /var/lib/trafico-monitor-access/setup.jsonl.""",
    "setup.option.project": "carpeta del proyecto: la que tiene main.py y src/.env",
    "setup.option.user": "usuario que ejecuta main.py (por defecto, el dueño de la carpeta)",
    "setup.option.unit": "unidad de systemd que ejecuta main.py, si ya existe (por defecto, se busca)",
    "setup.option.yes": "no preguntar; el grupo docker solo entra con --docker, y el bot solo se reinicia con --restart",
    "setup.option.no_instrument": "no observar las descargas dentro del bot: se sabrá de ellas solo por su texto",
    "setup.option.restart": "reiniciar el bot si hace falta para observarlo (termina las descargas en curso)",
    "setup.option.docker": "añadir el monitor al grupo docker (equivale a ser root)",
    "setup.option.no_start": "no arrancar el bot",
    "setup.option.dry_run": "enseñar cada cambio sin hacer ninguno",
    "setup.option.undo": "deshacer lo que hizo setup, y nada más",
    "setup.not_root": "setup escribe en /etc y da permisos: hace falta ser root\n   → sudo trafico-monitor setup …",
    "setup.no_systemd": "systemd no está en marcha en este equipo: no hay unidades que instalar",
    "setup.nobody": "no hay un terminal en el que preguntar\n   → añada --yes (sí a todo) o --dry-run (solo mirar)",
    "setup.no_project": "falta la carpeta del proyecto\n   → sudo trafico-monitor setup --project /home/…/100trafico",
    "setup.looking": "Mirando el proyecto, el entorno virtual, las unidades y Docker…",
    "setup.resumed": "Un setup anterior se quedó a medias: se sigue donde estaba.",
    "setup.found": "Encontrado:",
    "setup.found.project": "proyecto",
    "setup.found.user": "usuario del bot",
    "setup.found.python": "intérprete",
    "setup.found.env": "fichero .env",
    "setup.found.models": "modelos",
    "setup.found.unit": "unidad de main.py",
    "setup.found.container": "contenedor",
    "setup.found.bot_api": "carpeta del servidor",
    "setup.found.nothing": "no encontrado",
    "setup.found.running": "en marcha",
    "setup.found.stopped": "parado",
    "setup.why.config": "Escribir la configuración",
    "setup.why.models": "Crear la carpeta de modelos",
    "setup.why.sandbox": "Abrir el aislamiento del servicio a esas carpetas",
    "setup.why.unit": "Instalar la unidad que ejecuta main.py",
    "setup.why.instrument": "Observar cada descarga dentro del bot, sin cambiar su código",
    "setup.why.environment": "Guardar el PYTHONPATH de la unidad, con lo que observa al bot delante",
    "setup.why.restart_bot": "Reiniciar {target} para observarlo desde ahora",
    "setup.why.adopt": "Completar la unidad que ya hay, sin tocarla",
    "setup.why.adopt_journal": "Llevar la salida de la unidad al journal, sin tocar su fichero",
    "setup.why.access_passage": "Dejar que el monitor pase por una carpeta cerrada de {owner}",
    "setup.why.access_models": "Dar permiso al monitor en la carpeta de modelos",
    "setup.why.access_bot_api": "Dar permiso de lectura al bot y al monitor en la carpeta del servidor",
    "setup.why.access_env": "Dar permiso de lectura al monitor en el fichero .env",
    "setup.why.docker": "Añadir el usuario {owner} al grupo {target}",
    "setup.why.enable": "Arrancar {target} con el equipo",
    "setup.why.start": "Arrancar {target} ahora",
    "setup.why.enable_monitor": "Arrancar {target} con el equipo",
    "setup.why.start_monitor": "Arrancar {target} ahora",
    "setup.why.restart_monitor": "Reiniciar {target} con la nueva configuración",
    "setup.means.instrument": "Lee, de las llamadas que descargan o copian un vídeo: identificadores, tamaño y ruta del"
    " fichero, número de quien lo envió, y la excepción si falla; y de las funciones que piden el fichero, solo las"
    " variables que son rutas dentro de modelos. Del texto de un mensaje solo mira si esa ruta está en él, para no"
    " creerla entonces. No dice a nadie textos, nombres ni tokens, no lee otras variables, no cambia nada de lo que hace"
    " el bot y solo habla con journald. Vale desde el próximo arranque del bot; --undo lo quita.",
    "setup.means.environment": "La unidad toma su PYTHONPATH de un EnvironmentFile=, que manda sobre Environment=: hace"
    " falta otro detrás. El de la unidad no se toca.",
    "setup.means.restart_bot": "Un reinicio termina las descargas en curso: los vídeos a medias habría que volver a"
    " enviarlos. Sin él, el bot sigue como está y se le observa desde su próximo arranque.",
    "setup.means.adopt_journal": "Lo que hoy escribe en un fichero pasará a verse con journalctl; vale desde el"
    " próximo arranque del bot.",
    "setup.means.adopt": "Vale desde el próximo arranque del bot: no se reinicia ahora.",
    "setup.means.access_passage": "Una entrada de ACL «--x» para el usuario trafico-monitor y para nadie más: puede pasar a lo que conoce por su"
    " nombre, no ver qué más hay. Lo que en ella pueda leer cualquiera quedaría también a su alcance. --undo la quita.",
    "setup.means.access_models": "Entradas de ACL para el usuario trafico-monitor (leer y escribir), también por"
    " defecto para lo nuevo. Dueños y modos quedan como están.",
    "setup.means.access_bot_api": "El servidor guarda cada fichero como el usuario 101 con modo 0640: sin esto,"
    " «Permission denied» es el fallo más frecuente. Una ACL por defecto lo evita para siempre.",
    "setup.means.access_env": "De ese fichero el monitor toma TELEGRAM_TOKEN, ADMIN_ID y la dirección del servidor."
    " Nunca lo escribe.",
    "setup.means.docker": "Quien pertenece al grupo docker puede hacerse root en este equipo. El monitor lo usaría"
    " para saber por qué cayó el contenedor y dónde está su carpeta; sin ello, al servidor se le pregunta igual por"
    " HTTP. Si duda, responda que no.",
    "setup.ask": "¿Hacerlo?",
    "setup.ask.yes": "[S/n]",
    "setup.ask.no": "[s/N]",
    "setup.made": "hecho",
    "setup.skipped": "se deja como está",
    "setup.ended": "Sin este paso los demás no sirven: se termina aquí.",
    "setup.failed": "no se pudo: {target}: {reason}",
    "setup.dry_run": "Cambios pendientes: {n}. No se ha hecho ninguno (--dry-run).",
    "setup.done": "Listo. Cambios hechos: {n}.",
    "setup.nothing": "Nada que cambiar: todo está como debe.",
    "setup.next": """Siguiente paso:
  sudo trafico-monitor check      ¿está todo?
  sudo trafico-monitor trial      una prueba a la vista, hasta Ctrl+C""",
    "setup.undo.nothing": "No hay nada que deshacer: setup no ha hecho ningún cambio.",
    "setup.undo.one": "Deshacer:",
    "setup.undo.made": "deshecho",
    "setup.undo.done": "Deshecho: el equipo está como antes de setup.",
    "setup.undo.part": "Deshecho en parte; lo que queda se puede deshacer otra vez con --undo.",
    "setup.left.altered": "alguien ha cambiado {target} después: se deja como está",
    "setup.left.unit": "alguien ha cambiado la unidad {target} después: sigue como está",
    "setup.left.instrument": "{target} sigue observado hasta su próximo arranque: no se reinicia",
    "setup.left.folder": "{target} no está vacía: se deja",
    "setup.left.acl": "alguien ha cambiado los permisos de {target} después: solo se quita lo que añadió setup",
    "setup.left.entry": "en {target} quedan entradas de trafico-monitor (demasiado hondo, demasiadas, o no se puede abrir)",
    "setup.ledger.not_roots": "{path} no es de root o lo pueden escribir otros: no se puede confiar en él",
    "setup.ledger.busy": "otro «trafico-monitor setup» está en marcha",
    "setup.refused.name": "la ruta tiene caracteres que systemd o el intérprete de órdenes entenderían como otra"
    " cosa (espacios, comillas, %, $, saltos de línea…): {path}\n   → mueva el proyecto a una carpeta con un nombre"
    " sencillo",
    "setup.refused.link": "{path} es un enlace, y lo que apunta puede cambiarlo otro\n   → use la ruta real: {real}",
    "setup.refused.absent": "no existe la carpeta {path}",
    "setup.refused.no_main": "no hay un main.py en el proyecto ({path})\n   → indique la carpeta que tiene main.py y"
    " src/.env",
    "setup.refused.unreachable": "no se puede entrar en {path} ({reason})",
    "setup.refused.others": "{path} es de {owner}, que podría cambiar lo que ejecuta {user}\n   → indique el dueño"
    " con --user, o mueva el proyecto a una carpeta de {user}",
    "setup.refused.open": "cualquiera puede escribir en {path}, y cambiar así lo que se ejecuta\n   → sudo chmod o-w"
    " {path}",
    "setup.refused.root": "{path}: el bot no debe ejecutarse como root\n   → indique un usuario normal con --user",
    "setup.refused.no_user": "no existe el usuario {user}",
    "setup.refused.nobodys": "{path} es del usuario número {uid}, que no tiene cuenta\n   → indique otro con --user",
    "setup.note.not_installed": "El servicio trafico-monitor no está instalado en este equipo.\nsudo apt install"
    " ./trafico-monitor.deb",
    "setup.note.several_units": "Varias unidades ejecutan este main.py: {units}. Diga cuál.\nsudo trafico-monitor"
    " setup --unit UNIDAD …",
    "setup.note.unit_taken": "La unidad {unit} ya existe y ejecuta otra cosa ({path}).\nsudo trafico-monitor setup"
    " --unit OTRO-NOMBRE.service …",
    "setup.note.unit_unsure": "{unit} ejecuta algo de este proyecto que no es main.py, y no se ve si es el bot. Si lo"
    " es, la primera orden; si no, la segunda instala una unidad propia.\nsudo trafico-monitor setup --unit {unit} …\n"
    "sudo trafico-monitor setup --unit {new} …",
    "setup.note.restart_left": "El bot no se reinicia (eso termina las descargas en curso): se le observa desde su próximo"
    " arranque.\nsudo systemctl restart {unit}",
    "setup.note.instrument_isolated": "{unit} arranca Python con -I, -E o -S, que no miran el entorno: no se le puede"
    " observar, y solo se sabrá de las descargas por su texto. Quite esa opción y repita setup.\nsudo systemctl edit"
    " --full {unit}",
    "setup.note.instrument_cleared": "La orden de {unit} vacía el entorno (env -i, systemd-run) antes de arrancar el bot:"
    " solo se sabrá de las descargas por su texto. Ponga delante de python «trafico-monitor instrument --» y repita"
    " setup.\nsudo systemctl edit --full {unit}",
    "setup.note.instrument_user": "La orden de {unit} cambia de usuario con sudo, su - o parecido, que empieza con un"
    " entorno nuevo: solo se sabrá de las descargas por su texto. Ponga User= en la unidad en su lugar, o delante de"
    " python «trafico-monitor instrument --», y repita setup.\nsudo systemctl edit --full {unit}",
    "setup.note.instrument_container": "{unit} arranca el bot en un contenedor o con otra raíz: lo que dijera no llegaría a"
    " journald como de esa unidad, y solo se sabrá de las descargas por su texto. Para observarlo, ejecute main.py fuera"
    " del contenedor (el servidor Bot API puede seguir en el suyo).",
    "setup.note.instrument_overwritten": "Algo en {unit} o en su script quita o cambia PYTHONPATH: solo se sabrá de las"
    " descargas por su texto. Escriba PYTHONPATH=…:$PYTHONPATH en el script, o quite UnsetEnvironment=, y repita setup.\n"
    "sudo systemctl edit --full {unit}",
    "setup.note.set_otherwise": "{key} ya está en su configuración como «{there}» (setup pondría «{wanted}»): eso"
    " manda y no se cambia.",
    "setup.note.adopted": "La unidad {unit} ya ejecuta este main.py: se adopta tal como es.",
    "setup.note.not_ours": "{path} no es de setup, o alguien lo ha cambiado después: se deja como está.",
    "setup.note.runs_by_hand": "main.py ya está en marcha fuera de systemd (PID {pids}). Dos a la vez se quitarían"
    " los mensajes: deténgalo y arranque la unidad.\nkill {pids} && sudo systemctl start {unit}",
    "setup.note.no_telegram": "{python} no tiene python-telegram-bot: main.py no arrancaría"
    " (ModuleNotFoundError).\nsudo -u {user} {python} -m pip install 'python-telegram-bot>=20.8' python-dotenv",
    "setup.note.shared_folder": "En {path} pueden escribir otros (grupo {group}, o una ACL): pueden cambiar main.py por"
    " otro, que se ejecutará como {user}.\nsudo chmod g-w {path}",
    "setup.note.no_env": "No hay src/.env en {project}: sin TELEGRAM_TOKEN y ADMIN_ID no hay avisos.",
    "setup.note.env_lacks": "{name} no está en {env}, o no se puede usar.",
    "setup.note.other_user": "{unit} se ejecuta como {there}, y los vídeos serán de {user}.",
    "setup.note.namespace": "{unit} escribe en el espacio de journald «{namespace}»: ponga journal.namespace en"
    " config.toml.",
    "setup.note.no_container": "No se ve ningún contenedor del servidor Bot API: al servidor se le preguntará solo"
    " por HTTP.",
    "setup.note.no_bot_api_dir": "El contenedor {container} no monta su carpeta en este equipo: el bot no podrá"
    " copiar de ella.",
    "setup.note.blocked_bot_api": "{folder} es de {owner} y está cerrada: ni el bot ni el monitor llegan a {path}, y setup no abre carpetas ajenas"
    " (se abriría también lo que hay al lado). Monte la carpeta del servidor en un sitio de {user} y ponga ese sitio en"
    " bot_api.host_dir.\nsudo install -d {home}/.telegram-bot-api && echo '{path} {home}/.telegram-bot-api none bind 0 0'"
    " | sudo tee -a /etc/fstab && sudo mount {home}/.telegram-bot-api\nprintf '[bot_api]\\nhost_dir ="
    ' "{home}/.telegram-bot-api"\\n\' | sudo tee /etc/trafico-monitor/conf.d/20-bot-api.toml',
    "setup.note.blocked": "{folder} es de {owner} y está cerrada: no se llega a {path}, y setup no abre carpetas ajenas. Mueva el proyecto a"
    " una carpeta de {user}, o abra usted ese paso.",
    "setup.note.docker_left": "El monitor no entra en el grupo docker, que equivale a ser root: no hace falta para"
    " reparar. Con --docker sí entra.",
}
