"""Passwords in plain words and on command lines are masked, and only they: the words around them stay."""

import pytest

from agent.redaction import MARK, JsonValue, Redactor

KEPT = Redactor()

# What is between angle brackets is the secret.
SAID = [
    "with user desk, password <hunter2>",
    "with user desk and the password <swordfish>.",
    "the password for the db is <Sommer-2024!>",
    "The password of ann is <swordfish>, please restart it",
    "the password is: <hunter2>",
    'the password is "<correct horse>" for now',
    "password should be <hunter2>",
    "my pw is <hunter2> and the user is ann",
    "passwd <hunter2>",
    "password <1234>",
    "password <hunter2-is-old>",
    "pass phrase: <hunter2>",
    "the pass phrase is <correct horse battery staple>",
    "the passwords are <hunter2> and <hunter3>",
    "password (<hunter2>)",
    "password -> <hunter2>",
    "set the password to <swordfish>",
    "use <hunter2> as the password",
    "user ann with <hunter2> as password",
    "<hunter2> is the password for the db",
    "login desk/<hunter2> at registry",
    "log in as ann / <hunter2>",
    "credentials are desk:<hunter2>",
    "token is <hunter2>",
    "the api key is <hunter2>",
    "secret access key <hunter2>",
    "with token <hunter2>",
    "password <swordfish>, user ann",
    "das Passwort ist <hunter2>",
    "Das Passwort für die DB lautet <Sommer-2024!>",
    "Kennwort: <hunter2>",
    "mit Passwort <hunter2>",
    "mit dem Kennwort „<hunter2>“ bitte",
    "mit <hunter2> als Passwort",
    "Benutzer ann, Passwort <swordfish>",
    "setze das Passwort auf <hunter2>",
    "der API-Schlüssel ist <hunter2>",
    "docker login -u desk -p <hunter2> registry.example.com",
    "docker login -u desk -p '<hunter 2>' registry.example.com && docker run -p 80:80 web",
    "mysql -h db -P 3306 -u root -p<hunter2> shop",
    "curl -su desk:<hunter2> https://registry.example.com/v2/",
    "kubectl create secret generic db --from-literal=user=<ann> --from-literal=word=<hunter2>",
    "CREATE USER 'ann'@'%' IDENTIFIED BY '<hunter2>';",
    "desk:<hunter2>@db.shop.svc",
    '{"message":"user ann with password <hunter2>","level":"info"}',
    r'{"message":"the password is \"<hunter2>\"","level":"info"}',
    r"the password is <hunter2>\nand the user is ann",
    "url=${DB_PASSWORD:<-hunter2>}",
]

NOT_SAID = [
    "create pull secret regcred for registry.example.com with user desk, password from file ~/login",
    "with user desk and password from standard input",
    "with user desk, password from key token of secret db",
    "password in file /run/login2",
    "the password is in the vault",
    "the password is wrong",
    "the password has expired",
    "the password is missing, the token is required",
    "password authentication failed",
    "user ann, password authentication failed",
    "user ann, password reset requested",
    "forgot the password",
    "set the password to the one in secret db",
    "use it as the password",
    "what is the password?",
    "the token is valid for 24h",
    "the token is about to expire",
    "token default-token-x2x4z is not mounted",
    "the secret is db-credentials",
    "the username and password properties are optional",
    "das Passwort ist falsch",
    "das Passwort steht im Vault",
    "Passwort aus Datei ~/login",
    "Passwort vergessen",
    "login shop/checkout",
    "user system:serviceaccount:shop:default2",
    "the password is ${DB_PASSWORD}",
    "password <password>, token <your-token>",
    "password=***, token=CHANGEME",
    "DB_PASSWORD=$OTHER_PASSWORD",
    "password: os.environ['DB_PASSWORD']",
    'password = os.environ["DB_PASSWORD"]',
    'token = os.getenv("TOKEN")',
    "self.password = password",
    "password: str | None = None",
    "token = options.token",
    "password: op://shop/db/password",
    "DB_PASSWORD: !secret db_password",
    "export TOKEN=$(cat /run/secrets/token)",
    "Secret: kubectl edit deployment checkout",
    "Secret: shop/db-credentials",
    "no ANTHROPIC_API_KEY: Playbook plans, which needs none",
    "failed to list *v1.Secret: secrets is forbidden",
    'MountVolume.SetUp failed for volume "api-key-manager" : secret "cart" not found',
    "references non-existent secret key: token2",
    "kubectl logs -p checkout-7d9f8b6c5d-x2x4z; docker run -p 8080:80 web; ssh -p 2222 host",
    "curl -u $USER:$PASSWORD https://registry.example.com",
    "kubectl create configmap db --from-literal=mode=fast2",
]


def masked(said: str) -> str:
    parts = said.split("<")
    return parts[0] + "".join(MARK + part.partition(">")[2] for part in parts[1:])


def spoken(said: str) -> str:
    return said.replace("-> <", "\0").replace("<", "").replace(">", "").replace("\0", "-> ")


@pytest.mark.parametrize("said", SAID)
def test_a_password_in_plain_words_is_masked_and_the_words_stay(said: str) -> None:
    expected = masked(said).replace(f"{MARK}- {MARK}", f"-> {MARK}")
    for before, after in (("", ""), ("10:00 ", ""), ("Please: ", "\nThank you.")):
        assert KEPT.text(f"{before}{spoken(said)}{after}") == f"{before}{expected}{after}"
        assert KEPT.text(expected) == expected


@pytest.mark.parametrize("said", NOT_SAID)
def test_words_about_a_password_stay(said: str) -> None:
    for before, after in (("", ""), ("10:00 ", ""), ("Please: ", "\nThank you.")):
        assert KEPT.text(f"{before}{said}{after}") == f"{before}{said}{after}"


def test_a_program_and_its_arguments() -> None:
    value: JsonValue = {"command": ["docker", "login", "-u", "desk", "-p", "hunter 2"], "args": ["-p", "80"]}
    assert KEPT.redact(value) == {"command": ["docker", "login", "-u", "desk", "-p", MARK], "args": ["-p", "80"]}
    assert KEPT.redact(["sh", "-c", "mysql -phunter2 shop"]) == ["sh", "-c", f"mysql -p{MARK} shop"]
