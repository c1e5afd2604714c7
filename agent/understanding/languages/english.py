"""English, as tables: which words say which concept. `a; b` are words and phrases of one meaning.

A word in no table is not understood. An order with such a word in it is not carried out, so FILLERS may hold
only what leaves an order as it is. What would change one stands under BLOCKERS.
"""

from __future__ import annotations

VERBS = {
    "restart": """
        restart; kick; do a rolling restart; do a restart; perform a rolling restart; perform a restart; trigger a
        restart; rolling restart of; give a restart; do a rollout restart; reboot; bounce; recycle; cycle; rolling
        restart; rollout restart; relaunch
    """,
    "scale": """
        scale; scale up; scale down; upscale; downscale; scale out; scale in; resize; rescale; scale back
    """,
    "set": """
        set; change; update; adjust; modify; configure; edit; switch; put; make; use; give; reconfigure; tune; run;
        assign; upgrade; patch; correct; bring; move; replace; set up; turn; i want; we want; i need; we need; want;
        need; must have; must be; needs; needs to have; needs to be; should get; requires; shall have; shall be;
        needs to run; must run; should use; must use; ought to have; should have; should be; should run; has to
        have; has to be; is to have; is to be; is supposed to have; keep at; pin; ensure
    """,
    "raise": "raise; increase; bump; bump up; grow; boost; enlarge; extend; up; turn up; crank up",
    "lower": "lower; decrease; reduce; cut; shrink; cut down; trim; bring down; turn down",
    "stop": "stop; shut down; shutdown; turn off; switch off; take down; halt; power off; shut off",
    "rollback": """
        roll back; rollback; revert; undo; go back; roll; reset; rollout undo; downgrade; has to go back; go back
        to; roll it back
    """,
    "resume": """
        resume; unsuspend; reenable; re-enable; unpause; continue; unfreeze; reactivate; enable; activate
    """,
    "suspend": "suspend; pause; disable; deactivate; stop; halt",
    "delete": "delete; remove; destroy; get rid of; erase; kill; del; rm; drop; nuke; wipe",
    "create": "create; make; add; set up; register",
    "add": "add; set; inject; define; export; give; put",
    "unset": "remove; unset; delete; drop; clear; get rid of",
    "point": """
        point; redirect; repoint; change; switch; send; route; direct; set; make; use; let use; move
    """,
    "link": "link; attach; add; use; bind; connect; set",
    "allow": "allow; permit; grant; enable",
    "show": """
        show; get; display; print; give; fetch; pull up; dump; list; paste; send; output; return; bring up; query;
        count; look up; enumerate; provide; list out; retrieve; stream
    """,
    "describe": """
        describe; tell about; explain; desc; summarize; summarise; tell me about; tell me more about
    """,
    "wait": """
        wait; wait until; wait till; wait for; watch until; keep watching; watch; follow; monitor; block
    """,
    "diagnose": """
        diagnose; debug; troubleshoot; investigate; analyse; analyze; inspect; find out; check; check on; look into;
        look at; examine; check out; figure out; triage; dig into; take a look; take a look at; have a look at; have
        a look; health check; work out; verify; review; find the cause; root cause; check up on; diagnosis; look;
        find the problem; find the reason; find; find out about; explain; tell; show; why
    """,
    "mend": """
        fix; repair; mend; heal; cure; solve; resolve; sort out; remedy; help; rescue; take care of; deal with;
        unblock; unstick; revive; fix up; unbreak; straighten out; bring to life; get well; bring back; get back;
        bring back up; bring up; get up; get working; get running; make work; make run; make it work; make it run;
        get it running; get it working; get it to work; get them running; get going; put right; set right; patch up;
        bring back to life; get into shape; make sure works; get up and running; make happy; make whole; correct
    """,
    "undo": "undo; take back; revert; roll back; reverse",
    "save": "save; export; store; download; copy; keep; dump; archive; cp",
    "forward": """
        port forward; port-forward; forward; portforward; reach; connect to; tunnel; access; connect
    """,
    "look": """
        look at; take a look at; have a look at; look into; inspect; look through; go through; check; read; see;
        view; check out; open; know; find; tell; report; tail; cat; i want to read; i want to see; i'd like to see;
        i would like to see; want to see; need to see; i need to see; watch; let me check out; let me see; let me
        look at; let me check; let me have a look at; let me read
    """,
    "tail": "tail; stream the output of; follow the output of",
}
"""What one does."""

SPLIT_VERBS = {
    "resume": "have resumed; take off hold",
    "stop": "shut down; take down; turn off; switch off; scale away; bring down",
    "rollback": "roll back; take back; set back; put back; go back; move back; switch back; return to",
    "mend": """
        get up and running; get working; get running; get up; get work; get run; get healthy; get started; get back;
        get going; get start; make work; make working; make run; make running; make healthy; make start; make ready;
        make green; sort out; bring back; bring up; make up; get ready; get healed; get fixed; get green; want
        working; need working; make boot; want running; need running; get serving; make respond; get responding; get
        online; make available; make reachable; get reachable; get available; help with; get normal; get stable;
        make stable; get well; get fine; want fixed; need fixed; want healthy; need healthy; make come; like
        working; like running; needs fixed; have fixed; have working; have running; put right; set right; make good;
        make well; make happy; get happy; make pass; get out; bring life; bring to life; get unstuck; want
        available; need available; want back; need back; get through; get ok; get right; whip shape; set straight;
        nurse health; get life
    """,
    "set": """
        make sure has; make sure runs; ensure has; make have; make sure gets; see that has; sure has; have at; have
        with
    """,
    "suspend": "put hold; have suspended; have paused; put on hold; get suspended",
    "restart": "turn off and on; turn off on; have restarted; get restarted",
}
"""Verbs of two words that others may stand between: `shut web down`, `get checkout working`."""

PASSIVES = {
    "restart": "restarted; rebooted; bounced; recycled",
    "scale": "scaled; scaled up; scaled down; scaled back; resized",
    "delete": "deleted; removed; killed",
    "rollback": "rolled back; reverted",
    "suspend": "suspended; paused",
    "resume": "resumed; unpaused",
    "raise": "raised; increased; bumped",
    "lower": "lowered; reduced; decreased",
    "stop": "stopped; shut down; turned off",
    "set": "set; changed; updated; set to; changed to; switched; moved",
    "mend": "fixed; repaired; healed",
}
"""Participles that make an order behind one of the MODALS: `web must be restarted`."""

GERUNDS: dict[str, str] = {
    "restart": "restarting; rebooting; bouncing; recycling; cycling",
    "scale": "scaling; resizing",
    "set": "setting; changing; updating; adjusting; switching",
    "raise": "raising; increasing",
    "lower": "lowering; decreasing; reducing",
    "stop": "stopping; shutting down",
    "rollback": "rolling back; reverting",
    "resume": "resuming; unpausing; unsuspending",
    "suspend": "suspending; pausing",
    "delete": "deleting; removing",
    "create": "creating",
    "add": "adding",
    "unset": "unsetting",
    "point": "pointing",
    "link": "linking",
    "mend": "fixing; repairing",
    "show": "showing; listing; describing",
}
"""What one asks for behind `would you mind`."""

MODALS = "needs to be; must be; has to be; should be; need to be; have to be; needs being"

LIGHT_VERBS = """
    give; do; perform; kick off; trigger; make; needs; need; wants; want; initiate; execute; would be great; would
    be nice; would be good; is needed; is required; required; needed; i need; we need; i want; we want; request;
    requires; could use; deserves; have; i'd like; is due; do the; start; get; carry out; run; issue; would be
    lovely; would be appreciated; is in order; please do
"""
"""What only carries a noun that says what to do: `give web a restart`."""

NOUNS = {
    "memory": "memory; ram; mem",
    "cpu": "cpu; cpus; processor; compute; processors",
    "limit": "limit; limits; maximum; max; cap; ceiling",
    "request": "request; requests; reservation",
    "resources": "resources; resource",
    "replicas": """
        replicas; replica; pods; pod; instances; instance; copies; copy; replica count; number of replicas; size
    """,
    "image": "image; images; container image; version; tag; docker image; image tag; release",
    "probe": "probe; probes; check; health check; healthcheck; health probe",
    "liveness": "liveness",
    "readiness": "readiness",
    "initial_delay": "initial delay; initialdelayseconds; initial delay seconds; start delay; initialdelay",
    "period": "period; periodseconds; interval; period seconds",
    "timeout": "timeout; timeoutseconds; timeout seconds",
    "threshold": "failure threshold; failurethreshold; threshold",
    "startup": "startup",
    "port": "port; ports; service port",
    "target_port": "target port; targetport; target-port; pod port; container port",
    "path": "path; endpoint; url",
    "env": """
        env; env var; env vars; environment variable; environment variables; variable; variables; envvar; envs;
        environment; env variable; env variables; envvars; environment settings; env settings
    """,
    "logs": """
        logs; log; log output; output; log file; logfile; stdout; log lines; container logs; pod logs; application
        logs; logged; wrote to its log; prints; printed; writes; wrote; logging; what it logged; console output
    """,
    "lines": "lines; line; log lines; entries; log entries; rows",
    "previous": """
        previous; crashed; last run; previous run; before the crash; before it crashed; previous container; last
        crash; previous instance; before the restart; before it restarted; earlier; prior; before the last restart;
        old; last life; from before the last crash; before the last crash; crashed container; from before the crash;
        from the crash; from the previous run; of the previous run; prior to the crash; previous life; from before
    """,
    "last": "last; latest; newest; recent; final; most recent; tail",
    "events": "events; event; warnings; warning events; recent events; latest events",
    "usage": """
        usage; resource usage; cpu usage; memory usage; top; consumption; resource consumption; utilization;
        utilisation; use; uses; consume; consuming; using; consumes; memory consumption; cpu consumption; ram usage;
        load; eat; eats; eating; busy; hungry; hog; hogs; usage of; resource hungry
    """,
    "yaml": """
        yaml; manifest; manifests; definition; spec; specification; json; configuration; config; yml; full yaml;
        whole yaml; raw yaml; yaml definition; full manifest; complete manifest; whole manifest; complete yaml
    """,
    "details": "details; detail; info; information; description; everything about; more",
    "rollout": """
        rollout; roll out; rollouts; deployment; deploy; update; release; rolling update; rolled out
    """,
    "revision": "revision; version; rev; generation",
    "previous_revision": """
        previous; previous version; last version; earlier version; previous revision; last revision; the one before;
        version before; prior version; old version; last good version; last working version; previous release; one
        version; last release; prior revision; one revision; last deployment; last deploy; last rollout; last
        working revision; earlier revision; previous state; last update; last change; previous image; last known
        good version; older version; last good revision; last stable version; previous deployment; former version;
        revision before
    """,
    "history": """
        history; revisions; revision history; rollout history; versions; deploy history; changelog; change history
    """,
    "changed": """
        changed; changes; change; been changed; recent changes; touched; modified; updated; deployed; been deployed;
        new; latest changes; last changes; last changed; been modified; been updated; different; rolled out
    """,
    "lately": "lately; recently; last; recent; latest",
    "status": """
        status; state; progress; finished; done; complete; completed; rolled out; through; stand; stands; far; in
        what state; how far; how far along
    """,
    "happened": "happened; happening; happen; happens",
    "schedule": "schedule; cron schedule; cron expression; cron; timing",
    "selector": "selector; label selector; selectors; pod selector",
    "node_selector": "node selector; nodeselector; node-selector",
    "pull_secret": """
        pull secret; image pull secret; imagepullsecret; pull-secret; registry secret; pullsecret; docker secret;
        docker registry secret
    """,
    "service_account": "service account; serviceaccount; sa; service-account; account",
    "storage_class": "storage class; storageclass; storage-class; sc",
    "command": "command; entrypoint; cmd; start command",
    "args": "args; arguments",
    "mounts": "mounts; mount; volumes; volume; volume mounts; mounted; volumemounts; mount points",
    "role": "role",
    "identity": """
        who am i; whoami; who i am; what is my identity; which user am i; what user am i; what is my user; my
        identity; my user; what am i allowed to do; what may i do; what can i do; my rights; my permissions; what
        permissions do i have; my access; which permissions do i have; what rights do i have; which rights do i
        have; logged in as; what's my identity; which identity; what's my user; which user are you; who are you;
        what may i do here; what can i do here; what identity; my privileges; as who am i; as whom am i; who am i
        logged in as; which account am i using; which user am i logged in as; who am i logged in; what are you
        allowed to do; my username; what is my username; am i logged in as; your identity; as which user am i
        working; as which user am i working here; as which user do i work; which user do i use; who do you think i
        am; who am i to the cluster; who am i for the cluster; what am i logged in as; my user name; what's my user
        name; what is my user name; tell me who i am; which username am i using; who i am here; my login name
    """,
    "who": """
        who may; who can; who is allowed to; who's allowed to; who has permission to; which users can; who could;
        which users may; who is able to; who has the right to; who has permissions to; which people can; which
        people may; who has access to; which groups can; which groups may; who all can; who else can; who is
        permitted to; who's able to; which accounts can; which service accounts can; who here can; who here may; who
        are allowed to; who has rights to; everyone who can
    """,
    "may": """
        may; can; is allowed to; has permission to; be allowed to; allowed to; is; does; able to; have permission
        to; are
    """,
    "user": "user; group; the user; account; username",
    "workload": """
        workload; workloads; app; apps; application; applications; microservice; microservices; component;
        components; api; container; containers
    """,
    "file": "file; disk; workspace; folder; git; files; backup",
    "local": """
        localhost; my machine; locally; my laptop; my computer; local port; local; laptop; machine
    """,
    "quantity": "value; values; amount; number; level; count; setting; settings",
    "restart": "restart; reboot; rolling restart; rollout restart; bounce",
    "running": "run; running; runs; to run",
    "label": """
        label; labels; labelled; labeled; with label; with the label; with labels; tagged; matching; selector
    """,
    "most": "most; highest; biggest; largest; more; top",
    "overview": """
        overview; overview of; list; list of; a list of; an overview of; the list of; summary; summary of
    """,
    "reference": "reference; references; ref; env reference; config reference",
    "container": "container; containers",
    "change": """
        change; changes; last change; the last change; my last change; last action; last thing; the last thing
    """,
    "role_of": "database; db; server; worker; frontend; backend; cache; api; broker; queue",
}
"""What is spoken of, besides kinds of objects. A key of two concepts is a compound: `Speicherlimit`."""

KINDS = {
    "Deployment": "deployment; deployments; deploy; deploys",
    "StatefulSet": "statefulset; statefulsets; sts; stateful set; stateful sets",
    "DaemonSet": "daemonset; daemonsets; ds; daemon set; daemon sets",
    "ReplicaSet": "replicaset; replicasets; rs; replica set; replica sets",
    "CronJob": "cronjob; cronjobs; cj; cron job; cron jobs",
    "Job": "job; jobs",
    "Pod": "pod; pods; po",
    "Service": "service; services; svc; svcs",
    "ConfigMap": "configmap; configmaps; cm; config map; config maps",
    "Secret": "secret; secrets",
    "PersistentVolumeClaim": """
        persistentvolumeclaim; persistentvolumeclaims; pvc; pvcs; claim; claims; volume claim; persistent volume
        claim; persistent volume claims; volume claims
    """,
    "PersistentVolume": "persistentvolume; persistentvolumes; pv; pvs; persistent volume; persistent volumes",
    "ServiceAccount": "serviceaccount; serviceaccounts; sa; service account; service accounts",
    "Ingress": "ingress; ingresses; ing",
    "NetworkPolicy": "networkpolicy; networkpolicies; netpol; network policy; network policies",
    "HorizontalPodAutoscaler": """
        hpa; hpas; horizontalpodautoscaler; horizontal pod autoscaler; autoscaler; autoscalers
    """,
    "PodDisruptionBudget": "pdb; pdbs; poddisruptionbudget; pod disruption budget",
    "ResourceQuota": "resourcequota; resourcequotas; quota; quotas; resource quota; resource quotas",
    "LimitRange": "limitrange; limitranges; limit range; limit ranges",
    "Role": "role; roles",
    "RoleBinding": "rolebinding; rolebindings; role binding; role bindings",
    "Node": "node; nodes",
    "Namespace": "namespaces; projects; namespace; project; ns",
    "StorageClass": "storageclass; storageclasses; storage class; storage classes",
    "Endpoints": "endpoints",
    "Route": "route; routes",
}
"""Kinds of objects, with kubectl's short names."""

COMPLAINTS = """
    down; dead; broken; crash; crashes; crashing; crashed; crash loop; crashloop; crashloopbackoff; crashlooping;
    hang; hangs; hanging; hung; stuck; slow; sluggish; red; failing; fails; failed; fail; failure; failures; error;
    errors; pending; unschedulable; oom; ooms; oomkilled; oom killed; out of memory; unhealthy; unavailable;
    unreachable; offline; imagepullbackoff; errimagepull; createcontainerconfigerror; 502; 503; 500; 504; 502s;
    503s; 500s; 504s; bad gateway; timeout; timeouts; times out; timing out; timed out; restarting; restarts; keeps
    restarting; restart loop; killed; evicted; dying; dies; died; wrong; problem; problems; issue; issues; trouble;
    fault; faults; misbehaving; misbehaves; weird; strange; refuses; refused; unresponsive; exits; exiting; exited;
    flapping; flaky; degraded; blocked; outage; broke; breaks; unstable; terminating; containercreating; backoff;
    keeps; acting up; borked; on fire; fell over; never; no endpoints; leaking; leaks; overloaded; suspended;
    forbidden; denied; stalled; panics; panicking; segfault; looping; frozen; freezes; suffering; sick; ill; bad;
    hiccups; missing; stopped; laggy; unusable; not found; bug; out of order; going down; gone; yellow; complaining;
    complain; liveness; bad shape; alert; alerts; alarm; crashloops; readiness; restarted; health; wonky; throwing;
    oomkill; spinning; thrashing; starving; rejected; unbound; unable; incident; misconfigured; deadlocked; a mess;
    mess; screwed; toast; acting weird; acting strange; image pull; config error; keep; 5xx; 4xx; 401; 403; 404;
    exit code; not ready; went away; falls over; no such host; unknown; err_connection_refused; connection refused;
    notready; leak; memory leak; rubbish; crap; garbage; its dying; broken again; red again; down again; nok; out of
    service; not good; no response; connection reset; reset; invalid; stops; stopping; unstarted; trash; hosed;
    kaput; zombie; hiccup; sad; odd; wobbly; erroring; errored; eating memory; eating; hogging; crash-looping;
    crash-loop; nothing works; misconfiguration; sigkill; sigterm; exit; useless; badly; poorly; worse; breaking;
    lagging; lag; 137; 143; 139; p1; sev1; burning; explode; exploded; exploding; choking; chokes
"""
"""What people say of something that does not work."""

STATES = """
    start; starting; started; work; working; works; run; running; runs; come up; coming up; came up; come back;
    respond; responding; ready; healthy; available; reachable; reach; connect; connecting; pull; pulling; schedule;
    scheduled; be scheduled; answer; answering; up; serve; serving; load; loading; mount; resolve; boot; booting;
    deploy; deploying; roll out; rolling out; rolled out; become ready; get ready; ok; okay; fine; well; alive;
    green; progress; progressing; finish; finishing; complete; be reached; be pulled; become; update; stay up; stay;
    stable; find; open; get; happy; listening; listen; talk; talking; right; good; in good shape; all right; up and
    running; live; back up; alright; exist; see; use; launch; launching; connect to; talk to; get through to; bound;
    scheduled on; be scheduled on; be mounted; mounted; be resolved; resolved; be started; be created; created; be
    found; found; last night; run through; succeed; completed; log in; login; authenticate; accept; accepting; be
    opened; bind; be bound
"""
"""What something that works does or is: denied (`won't start`) or asked about, it is to be diagnosed."""

FILLERS = """
    the; a; an; my; our; your; their; its; this; these; please; pls; plz; kindly; just; simply; now; right now;
    immediately; asap; quickly; at once; right away; straight away; thanks; thank you; thx; cheers; me; us; for me;
    for us; also; as well; so; hey; hi; hello; hello there; hi there; good morning; good evening; good afternoon;
    desk; hey desk; hi desk; hello desk; team; folks; i want you to; i want to; i'd like to; i would like to; i
    would like you to; i need to; i need you to; i want; we need to; we want to; we'd like to; we would like to; i'd
    like you to; let's; let us; go ahead and; go ahead; i'd like; make sure; make sure to; make sure that; be so
    kind and; be so kind as to; go and; could you; can you; would you; i need; will you; would you mind; if you can;
    if possible; if you could; if you please; if you don't mind; would you please; go; when you can; when you get a
    chance; when you have a minute; called; named; existing; current; whole; entire; we need; kubernetes; k8s;
    openshift; of; s; mate; buddy; guys; there; ok; okay; all good; exactly; precisely; up; down; back; you to;
    currently; first; finally; quick; to be; be; that; same; anew; again; fresh; and also; oh; ah; um; uh; hmm;
    well; yo; it's time to; feel free to; need you to; want you to; and please; too; directly; new; own; one more
    time; dear; everyone; both; value; values; amount; number; cluster; of course; in total; do me a favor and; do
    me a favour and; do me a favor; do me a favour; as soon as possible; as soon as you can; thanks in advance; many
    thanks; thanks a lot; thank you very much; cheers mate; urgently; urgent; don't forget to; do not forget to;
    with kubectl; using kubectl; via kubectl; in kubectl; with oc; for me please; for us please; the command line;
    from the command line; remember to; be a dear and; please do; would be great; would be nice; would be good;
    would be awesome; would be lovely; here; over here; as of now; as fast as you can; as quickly as possible; as
    quickly as you can; as announced; from now on; therefore; hence; for good; permanently; in production use; as
    discussed; as agreed; as planned; please execute; with immediate effect; stat; therefore i kindly ask you to;
    kindly ask you to; i kindly ask you to; i ask you to; i must ask you to; i have to ask you to; to have; in
    there; via desk; at all; whatever it takes to; do whatever it takes to; over; on this cluster; in this cluster;
    in the cluster; on the cluster; from the cluster; within the rules; within its limits; within the quota; within
    the limits; according to the rules; by the rules; within our rules; within the guardrails; within bounds; help
    me; help us; help me to; help us to
"""
"""What leaves an order as it is."""

COURTESY = """
    good; great; perfect; cool; nice; alright; yes; awesome; excellent; wonderful; regards; best; best regards; kind
    regards; appreciated; much appreciated; would be great; that would be great; would be nice; sorry; excuse me;
    quick question; question; for you; have a nice day; welcome; good day; greetings; you are the best; you rock;
    lovely; very; much; so much; in advance; sorry to bother you; no rush; hope you are well; how are you; all the
    best; sincerely; morning; afternoon; evening; i hope you are well; one question; we don't need it; nobody uses
    it; we do not need it; it is not needed; we don't need it anymore; nobody needs it; no longer needed; we no
    longer need it; not needed anymore; nothing else; nobody is using it; it's not needed; it is no longer needed;
    it's no longer needed; don't need it anymore; it's unused; it is unused; anymore; i don't need it; we don't use
    it; we don't need it any more; any more; we don't need them; nobody uses them; nothing more; that's all; that is
    all; i don't need it anymore; dear colleagues; colleagues; dear all; all; everybody; dear team; hello all; hi
    all; hi team; hello team; hi folks; hey folks; hey all; hey team; no worries; thank you; thx; ty; tia; please
    and thank you; happy friday; how's it going; hope all is well; i need your help; need your help; help needed;
    urgent; this is urgent; asap; stat; priority; for the demo; it is urgent; it's urgent; on this cluster; do the
    following; the following; sry for the noise; sorry for the noise; i don't care how; no matter how
"""
"""What may stand beside an order without a bearing on it: greetings, thanks, and why it is no loss."""

SIGN_OFF = """
    best regards; kind regards; regards; many thanks; thanks; thank you; cheers; best; warm regards; sincerely;
    yours; all the best; thx; best wishes; greetings; br; kr; ta
"""
"""What a letter ends with, a name behind it."""

ASKING = """
    what; which; who; how; how many; how much; where; when; is; are; was; were; does; do; did; has; have; had; can;
    could; may; i; we; you; what's; who's; where's; how's; there; in; on; it; they; of; at; by; for; about; kind of;
    been; what is; what are; i wonder; wondering; curious; actually; exactly; right now; see; exist; exists;
    running; run; runs; available; need; want; whats; would; must; am; be; that; any; some; all; so; far; up; long;
    then; like; pod; pods; container; out; live; lives; look like; looks like; looks; look; inside; into; set;
    defined; configured; belong; belongs; belonging; them; used; there's; being; every; each; its; these; those;
    got; get; happening; going on; today
"""
"""What a question about something may hold besides: it only looks, and changes nothing."""

BLOCKERS = {
    "time": """
        tomorrow; tonight; midnight; noon; later; soon; monday; tuesday; wednesday; thursday; friday; saturday;
        sunday; weekend; week; weeks; month; months; hour; hours; minute; minutes; second; seconds; day; days;
        o'clock; am; pm; morning; evening; night; afternoon; daily; hourly; weekly; eventually; utc; cet; date;
        lunch; overnight; eod; january; february; march; april; june; july; august; september; october; november;
        december; year; sometime; moment; every hour; every day; every night; next; o clock; lunchtime; dinner;
        maintenance window
    """,
    "past": """
        yesterday; ago; although; though; after; during; while; last night; last week; even though; today; already;
        last month
    """,
    "condition": """
        if; unless; when; once; until; till; before; in case; provided; as long as; as soon as; whether; otherwise;
        else; depending; assuming; should; suppose; supposing; whenever; iff; instead; then if; only if; only when;
        even if; except if; in the event; pending approval; if only; after that if; provided that; conditional;
        contingent; assuming that; the moment; the day; the minute; as soon as it; only after; not before; the next
        time; next time; in that case
    """,
    "negation": """
        not; never; don't; dont; no; without; cannot; can't; won't; doesn't; isn't; nobody; none; neither; nor;
        refrain; avoid; skip; ignore; hold off; shouldn't; mustn't; needn't; forget; cancel; wouldn't; haven't;
        hasn't; didn't; nothing; stop worrying; wasn't; weren't; aren't; couldn't; abort; never mind; nevermind;
        cant; wont; doesnt; isnt; do not; does not; did not; must not; should not; need not; can not; will not;
        would not; is not; are not; was not; were not; has not; have not; could not; may not; shall not
    """,
    "doubt": """
        maybe; perhaps; possibly; probably; might; could; would; think; guess; wonder; consider; considering;
        thinking; planning; plan; plans; considered; unsure; sure; idea; believe; hypothetically; theoretically; at
        least; at most; between; by; ideally; say; pretend; imagine; supposedly; risky
    """,
    "report": """
        said; says; told; asked; asks; wants; wanted; according; reported; someone; somebody; he; she; they; boss;
        manager; colleague; docs; documentation; runbook; wrote; suggested; recommended; suggests; recommends;
        advised; ticket; demanded; heard; claims; claimed; quote; yesterday's; example; e.g; joke; joking; kidding
    """,
    "exception": "except; excluding; other than; apart from; save for; exclude; unlike; minus; but",
    "alternative": "or; either; alternatively; rather; versus; vs; and/or",
    "reason": "because; since; as; for the reason; due to; given that; now that; seeing that",
    "degree": """
        almost; nearly; roughly; about; around; approximately; more; less; fewer; some; few; several; couple; bit;
        slightly; half; double; twice; triple; percent
    """,
}
"""What changes the meaning of an order and that no tool can heed: such an order is not carried out."""

LEAVE_ALONE = """
    leave; don't touch; do not touch; without touching; leave alone; except; except for; excluding; apart from;
    other than; but not; but leave; ignore; skip; keep away from; stay away from; not touching; but don't touch; but
    do not touch; with the exception of; never touch; hands off; exclude; leave out; don't change; do not change;
    without changing; don't fix; do not fix; dont touch; but dont touch; leaving out; not including; save for; but;
    just not; not; don't; do not; all but; dont; never; keep
"""
"""What takes an object out of what is to be done."""

LEFT_ALONE = """
    alone; untouched; as it is; as is; as they are; out of it; out; in peace; be; unchanged; please; running; the
    way it is; stays; stay; remains; remain; remain untouched; stays untouched; other; others; rest; else;
    everything else; the rest; the others; stays as it is
"""
"""What may follow such an object."""

INSTEAD = "instead of; rather than"
"""What takes a verb out of what is to be done."""

PURPOSE = "so that; in order to; in order that; so it; so they; such that; so we; so i; so the"
"""What begins the reason for an order."""

QUESTIONS = """
    why; what; which; who; whom; whose; where; when; how; is; are; was; were; does; did; has; have; had; should; can
    i; can we; could i; could we; may i; may we; shall; would it; will it; am; must; what's; who's; how's; where's;
    why's; would; could; can; will; might; may; isn't; aren't; doesn't; whats; any idea; what if; wouldn't;
    shouldn't; can't; didn't; hasn't
"""
"""What a question begins with."""

REQUESTS = """
    would be great if you could; it would be great if you could; would be nice if you could; it would be nice if you
    could; i would appreciate it if you could; i'd appreciate it if you could; it would be awesome if you could; i
    would be grateful if you could; would be cool if you could; i'd be grateful if you could; would appreciate it if
    you could; i wonder if you could; i was wondering if you could; can you; could you; would you; will you; can you
    please; could you please; would you please; would you mind; can u; is it possible to; would it be possible to;
    may i ask you to; can someone; could someone; can somebody; could somebody; can anyone; please can you; please
    could you; are you able to; can desk; could desk; would you be so kind as to; would you be able to; do you mind;
    can we get; could we get; can i get; could i get; can i have; could i have; can we have; could we have; may i
    have; could anyone; could you kindly; can you kindly; would you kindly; will you please; could u; i would need;
    can you get me; could you get me; can you give me; could you give me; can you show me; could you show me; may i
    see; could someone please; can someone please; would somebody; would someone; can we please; could we please;
    can we please have; could we please have
"""
"""What makes an order of a question."""

ADVICE = """
    how do i; how do we; how can i; how can we; how to; how would i; how should i; how does one; how do you; how
    could i; how should we; how would you; how would one; how would we; how can one; how could we; how can you; how
    do people; how might i; what is the command to; what's the command to; what is the command for; should i; should
    we; shall i; shall we; can i; can we; could i; could we; may i; may we; must i; must we; do i need to; do i have
    to; do we need to; do we have to; what if i; what if we; what happens if i; what happens if we; what would
    happen if i; what would happen if we; what happens when i; what happens when we; is it safe to; is it ok to; is
    it okay to; would it help to; does it help to; is it a good idea to; does it make sense to; is it wise to; do
    you think i should; do you think we should; any idea how to; do you know how to; can you tell me how to; could
    you tell me how to; tell me how to; explain how to; show me how to; is there a way to; i wonder how to; what's
    the best way to; what is the best way to; what is the way to; what's the way to; why should i; why would i; why
    should we; would it be a good idea to; would it be ok to; what's the kubectl command to; what is the kubectl
    command to; what would it take to; how i can; how i could; how we can; i want to know how to; should one; can
    you explain how to; could you explain how to; what is the syntax to; please tell me how to; how i; how we; am i
    allowed to; would it make sense to; is there any way to; what do i have to type to; what do i need to type to;
    what do i type to; how would you go about; what should i type to; what do we have to do to; what do i have to do
    to; what must i type to; what do i need to do to; what do i have to run to; what do i run to; what would i type
    to; how is it possible to; how does someone; how would someone; ought i to; ought we to; should desk; what
    about; how about; which command restarts; which command scales; what would happen if you; what would you do to;
    how can someone; with which command do i; with which command can i; what's the right way to; is it enough to;
    would it make sense for me to; is there a command to; is there a kubectl command to; can you tell me the command
    to; give me the command to; tell me the command to; show me the command to; i'd like to know how to; i would
    like to know how to; please show me how to; how must i; how will i; what is needed to; what is the right way to;
    what is the easiest way to; what's the easiest way to; how might one; would you recommend to; do you recommend
    to; is it recommended to; what are the steps to; can one; could one; may one; which command; what command
"""
"""What asks for advice: it orders nothing, and is answered with the command."""

PREPOSITIONS = {
    "to": """
        to; into; onto; =; equal to; equals; ->; up to; down to; back to; at exactly; to exactly
    """,
    "from": "from; out of; off",
    "of": "of; 's",
    "in": "in; within; inside; in the; under",
    "on": "on; upon",
    "for": "for",
    "with": "with; using; via",
    "as": "as",
    "at": "at",
}

NAMESPACE_WORDS = "namespace; ns; project; --namespace; -n; environment; env; --namespace="

PRONOUN = "it; this one; that one; that thing; the thing; the same; this; that; its; it's"
"""What means one thing that was spoken of."""

PRONOUNS = """
    them; both; these; those; both of them; all of them; the two; they; all three; all three of them; each of them;
    the three; all of those
"""
"""What means several."""

REPEAT = """
    the same for; same for; the same with; same with; the same thing for; same thing for; the same thing with; the
    same to; the same in; same in; the same thing in; the same on; likewise for; likewise in; do likewise for
"""
"""What asks for what was asked for before, of what is named behind it."""

EVERYTHING = """
    everything; all; all of it; whatever; anything; every; each; all of them; the lot; all the; all of the; all of
    our; all my; every single; whatever is broken; everything that is broken; all our; all those; all these;
    whatever you find
"""

ALL_NAMESPACES = """
    all namespaces; every namespace; any namespace; each namespace; across namespaces; everywhere; all projects; -A;
    --all-namespaces; the whole cluster; cluster-wide; clusterwide; across all namespaces; the entire cluster;
    anywhere; across the cluster; all the namespaces; whole cluster; entire cluster
"""

ONLY = "only; just; solely; exclusively; nothing but; only the"

AND = """
    and; as well as; plus; &; along with; together with; and also; and then; then; after that; afterwards; followed
    by; next,
"""
"""What joins wishes, or the parts of a list."""

NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "a hundred": 100, "nil": 0,
    "a dozen": 12, "a single": 1, "half a": 0.5, "half": 0.5,
}  # fmt: skip

UNITS = {
    "core": "cpu", "cores": "cpu",
}  # fmt: skip
