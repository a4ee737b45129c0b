"""Lines that hold a secret, as libraries, tools and people write them; every one is made up."""

from __future__ import annotations

JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIiwiaXNzIjoic3VwYWJhc2UifQ"
    ".wM3xq0oU2yMZ5m8b7X1TtGk9Pp4L6n0QvYhR2sEdCaI"
)
PASSWORD = "hunter2-Zq9"
HEX = "0123456789abcdef0123456789abcdef"
LONG = "Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4fGh7j"
KEY_BLOCK = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"

# Name → a line, and what of it must not be seen.
SECRETS: dict[str, tuple[str, str]] = {
    "jwt": (f"supabase key {JWT} refused", JWT[-20:]),
    "jwt in an address": (f"GET https://a.supabase.co/rest/v1/x?apikey={JWT}&select=id", JWT[-20:]),
    "postgres": (f"could not connect: postgres://bot:{PASSWORD}@db.example.org:5432/bot", PASSWORD),
    "postgres with an odd password": ("postgresql+asyncpg://bot:p/w?x9#y@db.example.org/bot", "p/w?x9#y"),
    "redis without a user": (f"redis://:{PASSWORD}@127.0.0.1:6379/0", PASSWORD),
    "proxy": (f"proxy=http://luna:{PASSWORD}@10.0.0.1:3128 timed out", PASSWORD),
    "userinfo without a colon": (f"git clone https://{LONG}@github.com/x/y", LONG),
    "bearer": (f"headers: Bearer {LONG}", LONG),
    "bearer, dotted": ("Bearer abc.def-123.ghi rejected", "abc.def-123.ghi"),
    "authorization": (f"> Authorization: Bearer {LONG}", LONG),
    "authorization, basic": ("Authorization: Basic bHVuYTpodW50ZXIy", "bHVuYTpodW50ZXIy"),
    "authorization, bare": (f"authorization: {LONG}", LONG),
    "authorization in a dict": (f"{{'Authorization': 'Bearer {LONG}', 'Accept': '*/*'}}", LONG),
    "authorization in httpcore's trace": (f"headers=[(b'Host', b'x'), (b'Authorization', b'Bearer {LONG}')]", LONG),
    "cookie": ("Cookie: sid=abc123def; theme=dark", "abc123def"),
    "set-cookie": ("set-cookie: __Host-s=0a1b2c3d4e; Path=/; HttpOnly", "0a1b2c3d4e"),
    "cookie in a tuple": ("(b'set-cookie', b'__cf_bm=zYx9wVu8; path=/')", "zYx9wVu8"),
    "google": (
        "https://generativelanguage.googleapis.com/v1?key=AIzaSyA-1234567890abcdefghijklmnopqrstu",
        "SyA-12345",
    ),
    "openai": ("Incorrect API key provided: sk-proj-abcDEF123456ghiJKL7890", "abcDEF123456"),
    "aws": ("The AWS Access Key Id AKIAIOSFODNN7EXAMPLE does not exist", "AKIAIOSFODNN7EXAMPLE"),
    "aws secret": (f"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/{LONG}", "wJalrXUtnFEMI"),
    "github": (f"remote: ghp_{LONG} denied", LONG),
    "github, fine": (f"github_pat_11ABC_{LONG}", LONG),
    "gitlab": (f"glpat-{LONG[:20]}", LONG[:20]),
    "slack": ("xoxb-123456789012-abcdefGHIJKL", "abcdefGHIJKL"),
    "private key": (f"-----BEGIN PRIVATE KEY-----\n{KEY_BLOCK}\n-----END PRIVATE KEY-----", KEY_BLOCK),
    "private key, rsa, cut": (f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BLOCK}", KEY_BLOCK),
    "api_hash": (f"TelegramClient(api_id=12345, api_hash='{HEX}')", HEX),
    "api_hash, bare": (f"API_HASH={HEX} API_ID=12345", HEX),
    "password": (f"PASSWORD={PASSWORD}", PASSWORD),
    "password, with signs": ("db_password=a1!$%^*()b;c,d ok", "a1!$%^*()b;c,d"),
    "password in quotes": ("connect(user='bot', password='dos palabras 7')", "dos palabras 7"),
    "password in json": (f'{{"user": "bot", "password": "{PASSWORD}"}}', PASSWORD),
    "password in json of json": (f'{{"m": "{{\\"password\\": \\"{PASSWORD}\\"}}"}}', PASSWORD),
    "password in quotes, cut": (f"connect(password='{PASSWORD}", PASSWORD),
    "token in quotes, cut": (f'"api_token": "{LONG}', LONG),
    "password in quotes that end elsewhere": (f"api_hash='{LONG} > y 'otra cosa' más", LONG),
    "password behind another name": (f"token: password={PASSWORD}@h/x", PASSWORD),
    "hash behind another name that lacks its value": (f"password= api_hash='{LONG}'", LONG),
    "hash behind another name in quotes": (f"password=': x [1] api_hash={HEX} y'", HEX),
    "password, said": (f"the password: {PASSWORD} was refused", PASSWORD),
    "password as an option": (f"mysqldump --user bot --password {PASSWORD} bot", PASSWORD),
    "token by name": (f"SUPABASE_TOKEN={LONG}", LONG),
    "token in a query": (f"GET /x?access_token={LONG}&page=2", LONG),
    "token in json": (f'{{"refresh_token":"{LONG}"}}', LONG),
    "client secret": (f"client_secret: {LONG}", LONG),
    "service key": (f"SUPABASE_SERVICE_ROLE_KEY={LONG}", LONG),
    "api key header": (f"X-Api-Key: {LONG}", LONG),
    "session string": (f"SESSION_STRING={LONG}", LONG),
    "session string in one word": (f"sessionString={LONG}", LONG),
    "in an environment by repr": (f"environ({{'GEMINI_API_KEY': '{LONG}', 'HOME': '/root'}})", LONG),
    "the bot's token by name": ("TELEGRAM_TOKEN=1234567890:AAExampleExampleExampleExampleExamp", "AAExample"),
    "the bot's token in its address": ("http://h/bot1234567890:AAExampleExampleExampleExampleExamp/x", "AAExample"),
}
