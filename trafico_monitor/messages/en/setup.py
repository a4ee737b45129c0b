"""`trafico-monitor setup`: what it finds, asks, does and takes back."""

TEXTS: dict[str, str] = {
    "cli.setup": "prepare this machine: configuration, the bot's unit and access, asking before each change",
    "cli.setup.examples": """examples:
  sudo trafico-monitor setup --project . --dry-run   what it would do
  sudo trafico-monitor setup --project .             do it, step by step
  sudo trafico-monitor setup --undo                  take exactly that back

It never changes a file that it has not written itself. What it does is noted
(before it is done) in /var/lib/trafico-monitor-access/setup.jsonl.""",
    "setup.option.project": "the project's folder: the one with main.py and src/.env",
    "setup.option.user": "the user that runs main.py (default: the folder's owner)",
    "setup.option.unit": "the systemd unit that runs main.py, if there is one (default: it is looked for)",
    "setup.option.yes": "do not ask; the group docker only with --docker, and the bot is restarted only with --restart",
    "setup.option.no_instrument": "do not watch downloads inside the bot: they will be known from its text only",
    "setup.option.restart": "restart the bot where that is needed to watch it (ends the downloads under way)",
    "setup.option.docker": "add the monitor to the group docker (equal to root)",
    "setup.option.no_start": "do not start the bot",
    "setup.option.dry_run": "show every change and make none",
    "setup.option.undo": "take back what setup did, and nothing else",
    "setup.not_root": "setup writes into /etc and grants access: it must run as root\n   → sudo trafico-monitor setup …",
    "setup.no_systemd": "systemd does not run on this machine: there are no units to install",
    "setup.nobody": "there is no terminal to ask on\n   → add --yes (yes to all) or --dry-run (only look)",
    "setup.no_project": "the project's folder is missing\n   → sudo trafico-monitor setup --project /home/…/100trafico",
    "setup.looking": "Looking at the project, its virtual environment, the units and Docker…",
    "setup.resumed": "An earlier setup was interrupted: going on from there.",
    "setup.found": "Found:",
    "setup.found.project": "project",
    "setup.found.user": "the bot's user",
    "setup.found.python": "interpreter",
    "setup.found.env": ".env file",
    "setup.found.models": "models",
    "setup.found.unit": "unit of main.py",
    "setup.found.container": "container",
    "setup.found.bot_api": "server's directory",
    "setup.found.nothing": "not found",
    "setup.found.running": "running",
    "setup.found.stopped": "stopped",
    "setup.why.config": "Write the configuration",
    "setup.why.models": "Make the models folder",
    "setup.why.sandbox": "Open the service's sandbox to these folders",
    "setup.why.unit": "Install the unit that runs main.py",
    "setup.why.instrument": "Watch each download inside the bot, without changing its code",
    "setup.why.environment": "Keep the unit's PYTHONPATH, behind what watches the bot",
    "setup.why.restart_bot": "Restart {target} to watch it from now on",
    "setup.why.adopt": "Complete the unit that is there, without touching it",
    "setup.why.adopt_journal": "Send the unit's output to the journal, without touching its file",
    "setup.why.access_passage": "Let the monitor pass through a closed folder of {owner}",
    "setup.why.access_models": "Let the monitor into the models folder",
    "setup.why.access_bot_api": "Let the bot and the monitor read the server's directory",
    "setup.why.access_env": "Let the monitor read the .env file",
    "setup.why.docker": "Add the user {owner} to the group {target}",
    "setup.why.enable": "Start {target} at boot",
    "setup.why.start": "Start {target} now",
    "setup.why.enable_monitor": "Start {target} at boot",
    "setup.why.start_monitor": "Start {target} now",
    "setup.why.restart_monitor": "Restart {target} with the new configuration",
    "setup.means.instrument": "It reads, of the calls that download or copy a video: the file's identifiers, size and"
    " path, the number of its sender, and the exception where one fails; and of the functions that ask for the file, only"
    " the variables that are paths inside the models folder. Of a message's text it only looks whether that path stands"
    " in it, not to believe it then. It tells nobody texts, names or tokens, reads no other variables, changes nothing of"
    " what the bot does and talks to journald alone. In force from the bot's next start on; --undo takes it away.",
    "setup.means.environment": "The unit has its PYTHONPATH from an EnvironmentFile=, which outdoes Environment=: another"
    " one is needed behind it. The unit's own is not touched.",
    "setup.means.restart_bot": "A restart ends the downloads under way: videos that have come half would have to be sent"
    " again. Without it the bot goes on as it is, and is watched from its next start on.",
    "setup.means.adopt_journal": "What goes into a file today will be seen with journalctl; from the bot's next"
    " start on.",
    "setup.means.adopt": "In force from the bot's next start on: it is not restarted now.",
    "setup.means.access_passage": "An ACL entry «--x» for the user trafico-monitor and nobody else: it can go on to what it knows the name of, not"
    " see what else there is. What anybody may read in there comes within its reach as well. --undo takes it away.",
    "setup.means.access_models": "ACL entries for the user trafico-monitor (read and write), also default ones for"
    " what is new. Owners and modes stay as they are.",
    "setup.means.access_bot_api": "The server stores each file as user 101 with mode 0640: without this,"
    " «Permission denied» is the most frequent failure. A default ACL prevents it for good.",
    "setup.means.access_env": "From this file the monitor takes TELEGRAM_TOKEN, ADMIN_ID and the server's address."
    " It never writes it.",
    "setup.means.docker": "Whoever is in the group docker can become root on this machine. The monitor would use it"
    " to know why the container went down and where its directory is; without it, the server is still asked by HTTP."
    " If in doubt, answer no.",
    "setup.ask": "Do it?",
    "setup.ask.yes": "[Y/n]",
    "setup.ask.no": "[y/N]",
    "setup.made": "done",
    "setup.skipped": "left as it is",
    "setup.ended": "Without this step the others are of no use: ending here.",
    "setup.failed": "could not be done: {target}: {reason}",
    "setup.dry_run": "Changes to be made: {n}. None was made (--dry-run).",
    "setup.done": "Ready. Changes made: {n}.",
    "setup.nothing": "Nothing to change: all is as it should be.",
    "setup.next": """Next:
  sudo trafico-monitor check      is everything there?
  sudo trafico-monitor trial      a trial before your eyes, until Ctrl+C""",
    "setup.undo.nothing": "Nothing to take back: setup has changed nothing.",
    "setup.undo.one": "Take back:",
    "setup.undo.made": "taken back",
    "setup.undo.done": "Taken back: the machine is as it was before setup.",
    "setup.undo.part": "Taken back in part; for the rest, call --undo again.",
    "setup.left.altered": "somebody has changed {target} since: left as it is",
    "setup.left.unit": "somebody has changed the unit {target} since: it goes on as it is",
    "setup.left.instrument": "{target} is watched until its next start: it is not restarted",
    "setup.left.folder": "{target} is not empty: left",
    "setup.left.acl": "somebody has changed the permissions of {target} since: only what setup added is taken out",
    "setup.left.entry": "entries of trafico-monitor are left in {target} (too deep, too many, or not to be opened)",
    "setup.ledger.not_roots": "{path} is not root's, or others may write it: it cannot be trusted",
    "setup.ledger.busy": "another `trafico-monitor setup` is running",
    "setup.refused.name": "the path holds characters that systemd or a shell would take for something else (spaces,"
    " quotes, %, $, line breaks…): {path}\n   → move the project to a folder with a plain name",
    "setup.refused.link": "{path} is a link, and somebody else may change where it leads\n   → use the real path:"
    " {real}",
    "setup.refused.absent": "there is no folder {path}",
    "setup.refused.no_main": "there is no main.py in the project ({path})\n   → name the folder that holds main.py"
    " and src/.env",
    "setup.refused.unreachable": "{path} cannot be entered ({reason})",
    "setup.refused.others": "{path} belongs to {owner}, who could change what {user} runs\n   → name its owner with"
    " --user, or move the project to a folder of {user}",
    "setup.refused.open": "anybody may write in {path}, and so change what is run\n   → sudo chmod o-w {path}",
    "setup.refused.root": "{path}: the bot must not run as root\n   → name an ordinary user with --user",
    "setup.refused.no_user": "there is no user {user}",
    "setup.refused.nobodys": "{path} belongs to user number {uid}, who has no account\n   → name another with --user",
    "setup.note.not_installed": "The service trafico-monitor is not installed on this machine.\nsudo apt install"
    " ./trafico-monitor.deb",
    "setup.note.several_units": "Several units run this main.py: {units}. Say which one.\nsudo trafico-monitor setup"
    " --unit UNIT …",
    "setup.note.unit_taken": "The unit {unit} exists and runs something else ({path}).\nsudo trafico-monitor setup"
    " --unit OTHER-NAME.service …",
    "setup.note.unit_unsure": "{unit} runs something of this project that is not main.py, and it cannot be seen whether"
    " that is the bot. If it is, the first command; if not, the second installs a unit of its own.\n"
    "sudo trafico-monitor setup --unit {unit} …\nsudo trafico-monitor setup --unit {new} …",
    "setup.note.restart_left": "The bot is not restarted (that ends the downloads under way): it is watched from its next"
    " start on.\nsudo systemctl restart {unit}",
    "setup.note.instrument_isolated": "{unit} starts Python with -I, -E or -S, which do not look at the environment: it"
    " cannot be watched, and downloads will be known from its text only. Take that option away and call setup again.\n"
    "sudo systemctl edit --full {unit}",
    "setup.note.instrument_cleared": "The command of {unit} empties the environment (env -i, systemd-run) before it starts"
    " the bot: downloads will be known from its text only. Put «trafico-monitor instrument --» before python and call"
    " setup again.\nsudo systemctl edit --full {unit}",
    "setup.note.instrument_user": "The command of {unit} changes the user with sudo, su - or the like, which begins with a"
    " new environment: downloads will be known from its text only. Put User= into the unit instead, or"
    " «trafico-monitor instrument --» before python, and call setup again.\nsudo systemctl edit --full {unit}",
    "setup.note.instrument_container": "{unit} starts the bot in a container or under another root: what it said would not"
    " reach journald as that unit's, and downloads will be known from its text only. To watch it, run main.py outside the"
    " container (the Bot API server may stay in its own).",
    "setup.note.instrument_overwritten": "Something in {unit} or in its script takes PYTHONPATH away or changes it:"
    " downloads will be known from its text only. Write PYTHONPATH=…:$PYTHONPATH in the script, or take UnsetEnvironment="
    " away, and call setup again.\nsudo systemctl edit --full {unit}",
    "setup.note.set_otherwise": "{key} is «{there}» in your configuration (setup would write «{wanted}»): that"
    " stands and is not changed.",
    "setup.note.adopted": "The unit {unit} runs this main.py already: it is adopted as it is.",
    "setup.note.not_ours": "{path} is not setup's, or somebody has changed it since: left as it is.",
    "setup.note.runs_by_hand": "main.py runs outside systemd already (PID {pids}). Two at once would take each"
    " other's messages: stop it and start the unit.\nkill {pids} && sudo systemctl start {unit}",
    "setup.note.no_telegram": "{python} lacks python-telegram-bot: main.py would not start"
    " (ModuleNotFoundError).\nsudo -u {user} {python} -m pip install 'python-telegram-bot>=20.8' python-dotenv",
    "setup.note.shared_folder": "Others can write to {path} (the group {group}, or an ACL): they can exchange main.py for"
    " another one, which will run as {user}.\nsudo chmod g-w {path}",
    "setup.note.no_env": "There is no src/.env in {project}: without TELEGRAM_TOKEN and ADMIN_ID nobody is told.",
    "setup.note.env_lacks": "{name} is not in {env}, or cannot be used.",
    "setup.note.other_user": "{unit} runs as {there}, and the videos will be {user}'s.",
    "setup.note.namespace": "{unit} writes into the journald namespace «{namespace}»: put journal.namespace into"
    " config.toml.",
    "setup.note.no_container": "No container of the Bot API server is seen: the server will be asked by HTTP only.",
    "setup.note.no_bot_api_dir": "The container {container} does not mount its directory on this machine: the bot"
    " cannot copy from it.",
    "setup.note.blocked_bot_api": "{folder} is {owner}'s and closed: neither the bot nor the monitor gets to {path}, and setup opens nobody else's"
    " folders (what lies beside would be open, too). Mount the server's directory at a place of {user}'s and name that"
    " place in bot_api.host_dir.\nsudo install -d {home}/.telegram-bot-api && echo '{path} {home}/.telegram-bot-api none"
    " bind 0 0' | sudo tee -a /etc/fstab && sudo mount {home}/.telegram-bot-api\nprintf '[bot_api]\\nhost_dir ="
    ' "{home}/.telegram-bot-api"\\n\' | sudo tee /etc/trafico-monitor/conf.d/20-bot-api.toml',
    "setup.note.blocked": "{folder} is {owner}'s and closed: nobody gets to {path}, and setup opens nobody else's folders. Move the project"
    " to a folder of {user}'s, or open that way yourself.",
    "setup.note.docker_left": "The monitor does not join the group docker, which is equal to root: repairs do not"
    " need it. With --docker it joins.",
}
