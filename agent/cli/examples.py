"""What each command is used for, with what to type. A command is short enough for a terminal of 60 columns."""

from __future__ import annotations

from collections.abc import Mapping

Examples = tuple[tuple[str, str], ...]

EXAMPLES: Mapping[str, Examples] = {
    "": (
        ("look: needs no workspace, and changes nothing", "desk debug-pod shop-dev"),
        ("a workspace: a git repository for what Desk does", "desk init ~/desk"),
        ("ask, in English or German", 'desk run "why does web crash in shop-dev?"'),
        ("a conversation", "desk run"),
        ("a cluster full of faults, for trying", "desk debug-pod shop-dev --sandbox"),
    ),
    "run": (
        ("find out, and mend it", 'desk run "fix checkout in shop-dev"'),
        ('a conversation, in which "and now scale it to 3" says enough', "desk run"),
        ("only look and explain", 'desk run "why does web crash?" -n shop-dev --read-only'),
        ("what would change, and change nothing", 'desk run "scale web to 3" -n shop-dev --dry-run'),
        ("go on with what a full context has handed over", "desk run --continue"),
        ("from a program, again and again", 'desk run "scale web to 3" --session-key t-7'),
    ),
    "resume": (
        ("the newest session that can go on", "desk resume"),
        ("this one", "desk resume 20260301-101500-1a2b3c"),
    ),
    "cancel": (("withdraw what it asked for, and close it", "desk cancel 20260301-101500-1a2b3c"),),
    "call": (
        (
            "a tool, through the same gate",
            'desk call logs --json \'{"pod": "web-0"}\' -n shop-dev',
        ),
        ("the arguments from a file", "desk call set_resources --json - < arguments.json"),
    ),
    "rollback": (
        ("what it would put back", "desk rollback 1a2b3c4d5e --dry-run"),
        ("put it back", "desk rollback 1a2b3c4d5e"),
    ),
    "debug-pod": (
        ("the namespace of the context", "desk debug-pod"),
        ("a namespace; a pod or workload of it", "desk debug-pod shop-dev web"),
        ("as kubectl takes it", "desk debug-pod deploy/web -n shop-dev"),
        ("one line for each finding, everywhere", "desk debug-pod -A --brief"),
        ("look until it is healthy", "desk debug-pod shop-dev --watch"),
        ("just applied: look until it is settled", "desk debug-pod shop-dev --wait=60s"),
        ("what a cause is, and what one does about it", "desk debug-pod --explain OOMKilled"),
    ),
    "validate": (
        ("a folder, by the cluster and by rules", "desk validate k8s"),
        ("what kubectl kustomize or helm template printed", "desk validate - -n shop-dev"),
        ("without a cluster, for a version", "desk validate k8s --offline --kubernetes 1.36"),
        ("mend what has one right answer", "desk validate k8s --fix"),
        ("for code review", "desk validate k8s -o sarif"),
    ),
    "serve": (
        ("for yourself: open the link that it prints", "desk serve"),
        ("for a team, as web in desk.yaml says", "desk serve --host 0.0.0.0"),
    ),
    "why-not-live": (
        ("where is the chain broken?", "desk why-not-live checkout"),
        ("this commit", "desk why-not-live checkout --commit 9f8e7d6"),
        ("this image, in this namespace", "desk why-not-live web -n dev --image web:2"),
    ),
    "debug-pipeline": (
        ("all that delivers into a namespace", "desk debug-pipeline shop-dev"),
        ("one application, run or build", "desk debug-pipeline shop-dev checkout"),
    ),
    "provision-namespace": (
        ("quota, limits, network policies and access", "desk provision-namespace web-dev --members ann,bob"),
        ("its size, and a group", "desk provision-namespace web-dev --cpu 4 --group web"),
        ("what would be made, and make nothing", "desk provision-namespace web-dev --dry-run"),
        ("is it still so? who changed it?", "desk provision-namespace web-dev --check"),
    ),
    "onboard-team": (
        ("a namespace for two people", "desk onboard-team web --namespaces web-dev --members a,b"),
        ("for a group of the login", "desk onboard-team web --namespaces web-qa --group web"),
    ),
    "offboard-member": (
        ("what would be taken", "desk offboard-member web ann@example.com --dry-run"),
        ("take it, when somebody approved", "desk offboard-member web ann@example.com"),
    ),
    "rotate-kubeconfig": (("new tokens, where they were", "desk rotate-kubeconfig web ann@example.com"),),
    "docs": (
        ("which pages there are, and all facts", "desk docs"),
        ("one of them", "desk docs storage -n web-dev"),
        ("all pages as a site, for a team", "desk docs --site web-docs --team web"),
        ("do they still say what is so?", "desk docs --check --site web-docs"),
    ),
    "deprovision-namespace": (
        ("what would be lost", "desk deprovision-namespace web-dev --dry-run"),
        ("delete it, when somebody has approved", "desk deprovision-namespace web-dev"),
    ),
    "template-app": (
        ("an API in Python, into ./shop", "desk template-app shop"),
        ("in Go, with a database", "desk template-app shop --language go --database postgres"),
        ("what it would be", "desk template-app shop --output-dir -"),
        ("a newer template, edits kept", "desk template-app --update shop"),
        ("the same from a portal's form", "desk template-app go-api --language go --backstage"),
    ),
    "cloud": (("what there is of images", "desk cloud aws ecr images"),),
    "cloud aws": (("what there is of buckets", "desk cloud aws s3 list"),),
    "cloud aws ecr": (("its repositories", "desk cloud aws ecr images"),),
    "cloud aws ecr create": (
        ("for a namespace that Desk provisioned", "desk cloud aws ecr create pay/web -n pay-dev"),
        ("what would be made", "desk cloud aws ecr create pay/web -n pay-dev --dry-run"),
        ("by ACK or Crossplane", "desk cloud aws ecr create pay/web -n pay-dev --as-claim"),
    ),
    "cloud aws ecr images": (
        ("all repositories", "desk cloud aws ecr images"),
        ("one", "desk cloud aws ecr images --repository pay/web"),
        ("what its scan found", "desk cloud aws ecr images --repository pay --tag v1"),
    ),
    "cloud aws ecr scan": (("once in a day", "desk cloud aws ecr scan pay/web v1"),),
    "cloud aws ecr pull-secret": (("for 12 hours", "desk cloud aws ecr pull-secret -n pay-dev"),),
    "cloud aws ecr why-no-pull": (("of all pods", "desk cloud aws ecr why-no-pull -n pay-dev"),),
    "cloud aws s3": (("its buckets", "desk cloud aws s3 list"),),
    "cloud aws s3 create": (("for a namespace", "desk cloud aws s3 create acme-pay-dev -n pay-dev"),),
    "cloud aws s3 put": (("a file", "desk cloud aws s3 put acme-pay-dev may.csv ./may.csv"),),
    "cloud aws s3 list": (
        ("all buckets", "desk cloud aws s3 list"),
        ("what is in one", "desk cloud aws s3 list --bucket acme-pay-dev"),
    ),
    "cloud aws s3 sign": (("an hour long", "desk cloud aws s3 sign acme-pay-dev may.csv ~/link"),),
    "cloud aws secrets": (("which there are", "desk cloud aws secrets list"),),
    "cloud aws secrets create": (
        ("from a file", "desk cloud aws secrets create dev/pay -n dev --file key"),
        ("from standard input", "desk cloud aws secrets create dev/pay -n dev < key"),
    ),
    "cloud aws secrets update": (("from a file", "desk cloud aws secrets update dev/pay --file key"),),
    "cloud aws secrets rotate": (("every 30 days", "desk cloud aws secrets rotate dev/pay arn:aws:lambda:x"),),
    "cloud aws secrets restore": (("one that was deleted", "desk cloud aws secrets restore dev/pay"),),
    "cloud aws secrets deliver": (("into a namespace", "desk cloud aws secrets deliver dev/pay keys -n pay-dev"),),
    "cloud aws secrets save": (("into a file", "desk cloud aws secrets save dev/pay ~/pay.key"),),
    "cloud aws secrets list": (("without values", "desk cloud aws secrets list"),),
    "cloud azure": (("what there is of vaults", "desk cloud azure keyvault list"),),
    "cloud azure acr": (("its registries", "desk cloud azure acr images"),),
    "cloud azure acr create": (("for a namespace", "desk cloud azure acr create acmepay -n pay-dev"),),
    "cloud azure acr build": (("a folder", "desk cloud azure acr build acmepay pay/web 1.4 ~/web"),),
    "cloud azure acr images": (
        ("all registries", "desk cloud azure acr images"),
        ("what is in one", "desk cloud azure acr images --registry acmepay"),
    ),
    "cloud azure acr pull-secret": (("for 90 days", "desk cloud azure acr pull-secret acme pay/web -n pay"),),
    "cloud azure acr why-no-pull": (("of all pods", "desk cloud azure acr why-no-pull -n pay-dev"),),
    "cloud azure keyvault": (("which there are", "desk cloud azure keyvault list"),),
    "cloud azure keyvault create": (
        ("for a namespace", "desk cloud azure keyvault create acme-pay -n pay-dev"),
        ("open for an address", "desk cloud azure keyvault create v -n p --allow 192.0.2.7"),
    ),
    "cloud azure keyvault set": (
        ("from a file", "desk cloud azure keyvault set acme-pay key --file key"),
        ("from standard input", "desk cloud azure keyvault set acme-pay key < key"),
    ),
    "cloud azure keyvault access": (("to read", "desk cloud azure keyvault access acme-pay OBJECT-ID"),),
    "cloud azure keyvault recover": (("a secret", "desk cloud azure keyvault recover acme-pay --name key"),),
    "cloud azure keyvault deliver": (("into a namespace", "desk cloud azure keyvault deliver pay key k -n dev"),),
    "cloud azure keyvault save": (("into a file", "desk cloud azure keyvault save acme-pay key ~/key"),),
    "cloud azure keyvault list": (
        ("all vaults", "desk cloud azure keyvault list"),
        ("the secrets of one", "desk cloud azure keyvault list --vault acme-pay"),
    ),
    "cloud azure postgres": (("which there are", "desk cloud azure postgres show"),),
    "cloud azure postgres create": (
        ("its password in vault v", "desk cloud azure postgres create acme-pay v -n pay"),
    ),
    "cloud azure postgres allow": (("an office", "desk cloud azure postgres allow DB office 192.0.2.7 WHY"),),
    "cloud azure postgres show": (
        ("all of them", "desk cloud azure postgres show"),
        ("its address", "desk cloud azure postgres show --database acme-pay"),
    ),
    "cloud azure postgres why-not-reached": (
        ("from a namespace", "desk cloud azure postgres why-not-reached acme -n p"),
    ),
    "cloud azure mysql": (("which there are", "desk cloud azure mysql show"),),
    "cloud azure mysql create": (("its password in vault v", "desk cloud azure mysql create acme-pay v -n pay"),),
    "cloud azure mysql allow": (("an office", "desk cloud azure mysql allow DB office 192.0.2.7 WHY"),),
    "cloud azure mysql show": (
        ("all of them", "desk cloud azure mysql show"),
        ("its address", "desk cloud azure mysql show --database acme-pay"),
    ),
    "cloud azure mysql why-not-reached": (
        ("from a namespace", "desk cloud azure mysql why-not-reached acme -n p"),
    ),
    "cloud azure storage": (("its accounts", "desk cloud azure storage list"),),
    "cloud azure storage create": (("for a namespace", "desk cloud azure storage create acmepay -n pay-dev"),),
    "cloud azure storage container": (("for uploads", "desk cloud azure storage container acmepay uploads"),),
    "cloud azure storage put": (("a file", "desk cloud azure storage put acmepay up may.csv ./may.csv"),),
    "cloud azure storage list": (
        ("all accounts", "desk cloud azure storage list"),
        ("containers of one", "desk cloud azure storage list --account acmepay"),
    ),
    "cloud azure storage sign": (("an hour long", "desk cloud azure storage sign acme up may.csv ~/link"),),
    "cloud aws rds": (("which there are", "desk cloud aws rds show"),),
    "cloud aws rds create": (("for a namespace", "desk cloud aws rds create pay-dev -n pay-dev"),),
    "cloud aws rds show": (
        ("all of them", "desk cloud aws rds show"),
        ("its endpoint", "desk cloud aws rds show --database pay-dev"),
    ),
    "cloud aws rds why-not-reached": (("from a namespace", "desk cloud aws rds why-not-reached pay-dev -n dev"),),
    "generate-manifest": (
        ("print them", "desk generate-manifest web --image acme/web:v2"),
        ("into a folder", "desk generate-manifest web --image web:2 --output-dir k8s"),
        ("from outside", "desk generate-manifest web --image web:2 --host web.io"),
        ("is there room?", "desk generate-manifest web --image web:2 -n web-dev"),
        ("make them", "desk generate-manifest web --image web:2 -n dev --apply"),
    ),
    "mcp": (
        ("as a client starts it", "desk mcp --context dev"),
        ("over HTTP", "desk mcp --http 127.0.0.1:8321"),
    ),
    "dispatch": (
        ("a session as a Job", 'desk dispatch "fix checkout" --session-key T-17'),
        ("many, from a file", "desk dispatch -f requests.yaml"),
        ("go on with those that can", "desk dispatch --watch"),
    ),
    "watch": (
        ("ask people, and remind them, until it is stopped", "desk watch"),
        ("from a CronJob, every minute", "desk watch --once"),
    ),
    "approvals": (
        ("what waits", "desk approvals list"),
        ("decide, as yourself", "desk approvals approve apr-1a2b3c4d5e"),
    ),
    "approvals list": (("also those that are decided", "desk approvals list --all"),),
    "approvals show": (("the change, with its diff", "desk approvals show apr-1a2b3c4d5e"),),
    "approvals approve": (
        ("as who the cluster says you are", "desk approvals approve apr-1a2b3c4d5e"),
        ("as somebody else, and go on as yourself", "desk approvals approve apr-1a2b --context kim --resume"),
    ),
    "approvals wait": (
        ("the newest, until it is decided", "desk approvals wait"),
        ("ten minutes at most", "desk approvals wait apr-1a2b3c4d5e --timeout 10m"),
    ),
    "approvals reject": (("the requester reads why", 'desk approvals reject apr-1a2b3c4d5e --reason "not now"'),),
    "sessions": (
        ("those that are not over", "desk sessions --status open"),
        ("the newest ones, for a program", "desk sessions --limit 5 -o json"),
    ),
    "show": (
        ("what the newest did", "desk show"),
        ("another; the beginning of its id will do", "desk show 1a2b"),
        ("its document", "desk show 20260301-101500-1a2b3c -o json"),
    ),
    "status": (("what waits for whom", "desk status"),),
    "init": (("a new folder, or one that is there", "desk init ~/desk"),),
    "doctor": (("before the first task", "desk doctor -n shop-dev"),),
    "tools": (
        ("all of them", "desk tools"),
        ("the arguments of one", "desk tools set_resources"),
    ),
    "journal": (("is it as it was written?", "desk journal verify"),),
    "journal verify": (("for a program", "desk journal verify -o json"),),
    "journal migrate": (
        ("into a database", "desk journal migrate postgresql://db/desk"),
        ("back into the file", "desk journal migrate file --journal postgresql://db/desk"),
    ),
    "journal export": (("a session, event by event", "desk journal export --session 20260301-101500-1a2b3c"),),
    "completion": (
        ("bash, in ~/.bashrc", "source <(desk completion bash)"),
        ("zsh, in ~/.zshrc behind compinit", "source <(desk completion zsh)"),
        ("fish, in ~/.config/fish/config.fish", "desk completion fish | source"),
    ),
}
"""Command -> (what one wants, what to type), the likeliest first; `""` is desk itself."""
