"""Lines as kubectl, the kubelet, programs, diffs and Desk itself print them, with no secret in them.

The names, digests and numbers are made up anew from a seed; they look as random as secrets do.
"""

import random
import string
import uuid
from collections.abc import Iterator

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_NAMES = (
    *("checkout", "catalog", "token-service", "auth-api", "login", "payments-worker", "secret-rotator", "passport-ui"),
    *("vault-agent-injector", "password-reset", "keycloak", "user-profile", "cart", "session-store", "api-key-manager"),
)
_TEMPLATES = """
{pod}   1/1   Running   {n} ({n}m ago)   {n}h
{pod}   0/1   CrashLoopBackOff   {n} ({n}s ago)   {n}m   10.{n}.0.{n}   node-{n}.example.com   <none>   <none>
{pod}   0/1   CreateContainerConfigError   0   {n}s
deployment.apps/{name}   {n}/{n}   {n}   {n}   {n}d   {name}   {image}   app={name},pod-template-hash={hash}
replicaset.apps/{name}-{hash}   {n}   {n}   {n}   {n}d
service/{name}   ClusterIP   10.96.{n}.{n}   <none>   {port}/TCP   {n}d
secret/{name}-credentials   Opaque   {n}   {n}d
{name}-token-{s5}   kubernetes.io/service-account-token   3   {n}d
regcred   kubernetes.io/dockerconfigjson   1   {n}d
NAME   TYPE   DATA   AGE
Name:         {pod}
Namespace:    shop-{n}
UID:          {uid}
Labels:       app={name} pod-template-hash={hash}
Annotations:  kubernetes.io/psp: restricted-{n}
Container ID:  containerd://{sha}
Image ID:      registry.example.com/shop/{name}@sha256:{sha}
    Image:     {image}
      DB_PASSWORD:  <set to the key 'password' in secret '{name}-credentials'>  Optional: false
      API_TOKEN:    <set to the key 'token' in secret '{name}'>   Optional: true
    Mounts:  /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-{s5} (ro)
    SecretName:  {name}-credentials
    TokenExpirationSeconds:  {port}
Mountable secrets:   {name}-dockercfg-{s5}
Tokens:              {name}-token-{s5}
Image pull secrets:  {name}-pull
password:  {n} bytes
tls.key:   {port} bytes
resourceVersion: "{port}{port}"
  resourceVersion: "{port}{n}"
  uid: {uid}
  generation: {n}
Warning  Failed  {n}s (x{n} over {n}m)  kubelet  Error: secret "{name}-credentials" not found
Warning  Failed  {n}s  kubelet  Error: couldn't find key password in Secret shop/{name}-credentials
Warning  FailedMount  {n}s  kubelet  MountVolume.SetUp failed for volume "{name}" : secret "{name}" not found
Warning  FailedMount  {n}s  kubelet  MountVolume.SetUp failed for volume "x" : references non-existent secret key: token-{n}
Warning  BackOff  {n}s  kubelet  Back-off restarting failed container {name} in pod {pod}_shop({uid})
Warning  FailedToRetrieveImagePullSecret  {n}s  kubelet  Unable to retrieve some image pull secrets (regcred-{n}); attempting to pull the image may not succeed.
Warning  Failed  {n}s  kubelet  Failed to pull image "{image}": failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized
Warning  Failed  {n}s  kubelet  Failed to pull image "{image}": pull access denied, repository does not exist or may require authorization
Warning  Unhealthy  {n}s  kubelet  Readiness probe failed: Get "http://10.0.{n}.{n}:{port}/login": dial tcp 10.0.{n}.{n}:{port}: connect: connection refused
Normal  Pulled  {n}s  kubelet  Successfully pulled image "{image}" in {n}.{n}s ({n}ms including waiting)
Error from server (Forbidden): secrets "{name}" is forbidden: User "system:serviceaccount:shop:{name}" cannot get resource "secrets" in API group "" in the namespace "shop"
Error from server (NotFound): secrets "{name}-{n}" not found
{time} INFO {name} started on port {port} in {n}.{n} s
{time} ERROR {name} FATAL: password authentication failed for user "app{n}"
{time} ERROR pq: password authentication failed for user "{name}" (SQLSTATE 28P01)
{time} WARN token is expired by {n}m{n}s, requesting a new token
{time} WARN token has invalid claims: token is expired at 10:{n}:00
{time} INFO password reset requested for user {n}, mail queued as {uid}
{time} INFO user {name}-{n} logged in from 10.0.{n}.{n}:{port}
{time} INFO login succeeded for ann@example.com in {n}ms request_id={uid}
{time} DEBUG cache key user:{n}:profile missed, trace_id={hex32} span_id={hex16}
{time} INFO no password set, falling back to {name}
{time} ERROR invalid token '}}' at line {n} column {n}
{time} ERROR unexpected token < in JSON at position {n}
{time} INFO the password is in /run/secrets/{name}/password-{n}
{time} INFO reading password from file /etc/{name}/login-{n}.txt
{time} WARN password is too short ({n} characters), at least {n} are required
{time} WARN the api key is missing for {name}-{n}
{time} INFO input_tokens={port} output_tokens={n} cache_read_input_tokens={port} max_tokens: {port}
{time} INFO git checkout {hex40} of main
{time} INFO pulled {image}@sha256:{sha}
{time} INFO s3://bucket-{n}/{name}/{hex32}.tar.gz uploaded, etag "{hex32}"
I1005 10:00:00.{port}   1 leaderelection.go:{n}] successfully acquired lease shop/{name}-{s5}
E1005 10:00:00.{port}   1 reflector.go:{n}] failed to list *v1.Secret: secrets is forbidden: User "system:serviceaccount:shop:{name}"
10.0.{n}.{n} - - [05/Oct/2026:10:00:{n} +0000] "POST /login HTTP/1.1" 401 {port} "-" "curl/8.{n}"
10.0.{n}.{n} - {name} "GET /api/v1/users/{n}/password/reset?page={n} HTTP/1.1" 200
  at com.example.{camel}.TokenService.verify(TokenService.java:{port})
  File "/app/{camel}/passwords.py", line {n}, in check_password
goroutine {n} [running]: main.(*TokenCache).Get(0x{hex16}, 0x{n})
--- PASS: TestLogin{n} (0.{n}s)
ok  	example.com/shop/{camel}/token	0.{port}s
index {hex7}..{hex7} 100644
commit {hex40}
@@ -{n},7 +{n},7 @@ spec:
-        image: {image}
+        image: {image}
+        - name: DB_PASSWORD
+              name: {name}-credentials
+              key: password
+          valueFrom:
     secretKeyRef:
      secretName: {name}-{n}
      - secretRef: {{name: {name}-{n}}}
  imagePullSecrets: [{{name: regcred-{n}}}]
  serviceAccountName: {name}-{n}
  checksum/secret: {sha}
  password: ${{DB_PASSWORD_{n}}}
  password: $(DB_PASSWORD_{n})
  password: {{{{ .Values.{camel}.password{n} }}}}
  token: ${{{{ secrets.{upper}_TOKEN }}}}
password = os.environ["{upper}_PASSWORD"]
password = os.getenv("{upper}_PASSWORD")
token = os.environ.get("{upper}_TOKEN")
const token = process.env.{upper}_TOKEN;
secret := os.Getenv("{upper}_SECRET")
password=<your-password>  # {name}-{n}
password: CHANGEME  # {name}-{n}
TOKEN=$(cat /var/run/secrets/tokens/{name}-{n})
kubectl create secret generic {name} -n shop-{n} --from-file=password=/tmp/FILE
kubectl -n shop-{n} get secret {name} -o yaml
kubectl rollout restart deployment/{name} -n shop-{n}
kubectl create configmap {name} --from-literal=mode=fast{n}
kubectl logs -p {pod} -c {name}
docker run -p {port}:{port} -u {n}000:{n}000 {image}
docker login -u desk --password-stdin registry{n}.example.com
helm upgrade {name} ./chart --set image.tag=1.{n}.{n}
curl -sS -u "$USER_{n}:$TOKEN" https://{name}.example.com/healthz
create pull secret regcred-{n} for registry.example.com with user desk, password from file ~/login-{n}
create pull secret regcred-{n} for registry.example.com with user desk and password from standard input
create pull secret regcred-{n} for registry.example.com with user desk, password from key token of secret {name}
link pull secret regcred-{n} to service account {name}
why is {name} not starting in shop-{n}? It says password authentication failed
forgot the password of {name} {n} times; who may reset the password in shop-{n}?
the password for {name} is wrong since {n} days
the token of {name} is not mounted in shop-{n}
der Dienst {name} meldet: das Passwort ist falsch, Versuch {n}
das Passwort ist abgelaufen, sagt {pod}
Secret {name}-credentials in shop-{n} has no key password; it has the keys username, token and url
Secret: kubectl edit deployment {name} -n shop-{n}
set_reference: {name} from Secret {name}-{n} to {name}-credentials
approval {uid8} of create_pull_secret: secret, waits for somebody else since {n}m
Desk, session 20261005-1000{n}-{hex6}
agent:developer-experience: 20261005-1000{n} - done: restart {name}
x kubelet: {pod}: back-off {n}s, exit code {n}, key `password` missing
no ANTHROPIC_API_KEY: Playbook plans turn {n}, which needs none
https://{name}.example.com:{port}/oauth2/token/v{n}
postgres://{name}.shop.svc:{port}/app{n}?sslmode=disable
http://{name}:{port}/users/ann@example.com/{n}
node-{n}.example.com:{port}:{name}: connection refused
ssh://git@git.example.com:22/org/{name}-{n}.git
-----BEGIN CERTIFICATE----- of {name}-{n}
ssh-ed25519 key of {name} has the fingerprint SHA256:{hex32}
""".strip("\n").split("\n")


class _Fill(dict[str, str]):
    """Values for the templates, new at each use."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def __missing__(self, name: str) -> str:
        made = getattr(self, f"_{name}", None)
        if made is not None:
            return str(made())
        letters = "0123456789abcdef" if name.startswith("hex") else _SUFFIX
        return self._of(letters, int(name.lstrip(string.ascii_lowercase)))

    def _of(self, letters: str, count: int) -> str:
        return "".join(self._random.choice(letters) for _ in range(count))

    def _n(self) -> int:
        return self._random.randint(2, 59)

    def _port(self) -> int:
        return self._random.randint(1000, 65535)

    def _name(self) -> str:
        return self._random.choice(_NAMES)

    def _hash(self) -> str:
        return self._of(_SUFFIX, self._random.choice((9, 10)))

    def _pod(self) -> str:
        return f"{self._name()}-{self._hash()}-{self._of(_SUFFIX, 5)}"

    def _image(self) -> str:
        return f"registry.example.com/shop/{self._name()}:v1.{self._n()}.{self._n()}"

    def _sha(self) -> str:
        return self._of("0123456789abcdef", 64)

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _uid8(self) -> str:
        return self._uid()[:8]

    def _camel(self) -> str:
        return self._name().replace("-", "")

    def _upper(self) -> str:
        return f"{self._name().upper().replace('-', '_')}_{self._of(string.ascii_uppercase, 3)}"

    def _time(self) -> str:
        return f"2026-10-05T10:{self._random.randint(10, 59)}:{self._random.randint(10, 59)}.{self._port()}Z"


def lines(seed: int, count: int) -> Iterator[str]:
    """So many lines, from each template in turn."""
    fill = _Fill(seed)
    for number in range(count):
        yield _TEMPLATES[number % len(_TEMPLATES)].format_map(fill)
