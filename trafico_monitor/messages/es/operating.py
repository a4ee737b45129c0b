"""What an operator does from the dashboard, and the status page."""

TEXTS: dict[str, str] = {
    "ui.channels": "Canales",
    "ui.channel.stand_in": "lo suple {canal}",
    "ui.channel.resumes": "otra vez a las {hora}",
    "ui.export": "Descargar CSV",
    "ui.act.assign": "Asignar",
    "ui.ask.assign": "¿De qué modelo es el video?",
    "ui.ask.assign.about": "El monitor lo mueve a la carpeta del modelo, con su nombre, y comprueba que llega entero. No sobrescribe nada.",
    "ui.ask.file": "Video",
    "ui.ask.modelo": "Modelo",
    "ui.rescued.nothing": "No queda ningún video en _rescatados.",
    "web.rescued": "la carpeta _rescatados no se puede leer ahora: inténtelo otra vez",
    "ui.act.test": "Probar",
    "ui.act.silence_all": "Silenciar todo",
    "ui.ask.test": "¿Enviar un mensaje de prueba?",
    "ui.ask.test.about": "Va por todos los canales; la respuesta dice cuánto ha tardado cada uno.",
    "ui.ask.silence_all": "¿Silenciar todos los avisos?",
    "ui.ask.silence_all.about": "Para un mantenimiento: al terminar el plazo se avisa de lo que siga mal.",
    "ui.alerts.silenced": "En silencio",
    "ui.verdict.silenced": "avisos en silencio hasta {hora}",
}
