"""German, as tables: the proof that a language is data. The technical nouns of English are understood besides."""

from __future__ import annotations

VERBS = {
    "restart": """
        neu starten; neustarten; neustart; restarte; restarten; starte neu; durchstarten; starte durch; reboote;
        rebooten; neu durchstarten; neuzustarten; neu zu starten; einen neustart; neu gestartet werden; neugestartet
        werden; neu startest; neustartest; neu starte; einen neustart von; neustart von; neu durchgestartet werden;
        durchgestartet werden; neu gestartet haben; restartet werden; neustarten lassen; rebootet werden
    """,
    "scale": """
        skaliere; skalieren; skalier; skaliert; hochskalieren; runterskalieren; herunterskalieren; skaliere hoch;
        skaliere runter
    """,
    "set": """
        setze; setzen; setz; stelle; stellen; stell; ändere; ändern; aendere; aendern; aktualisiere; aktualisieren;
        gib; geben; gebe; konfiguriere; konfigurieren; passe; anpassen; nimm; mach; mache; machen; wechsle; tausche;
        update; updaten; ändre; soll; sollen; soll haben; braucht; brauchen; benötigt; brauche; bekommt; kriegt;
        soll bekommen; verpass; verpasse; sollte haben; lass; lasse; verwende; verwenden; nutze; benutze; ich
        brauche; wir brauchen; ich hätte gern; ich hätte gerne; bring; ich möchte; wir möchten; leg; setzt; stellt;
        sollen sein; soll sein; muss auf; lauf; laufen lassen; muss haben; fahr; dreh
    """,
    "raise": """
        erhöhe; erhöhen; erhoehe; erhoehen; hochsetzen; heraufsetzen; anheben; hebe; steigere; vergrößere;
        vergrößern; raufsetzen
    """,
    "lower": """
        verringere; verringern; senke; senken; reduziere; reduzieren; verkleinere; runtersetzen; herabsetzen;
        heruntersetzen; absenken
    """,
    "stop": """
        stoppe; stoppen; stopp; stop; anhalten; halte; abschalten; schalte; herunterfahren; runterfahren;
        ausschalten; beende; beenden; fahre
    """,
    "rollback": """
        zurückrollen; zurücksetzen; zurueckrollen; zuruecksetzen; rückgängig; rollback; zurückgerollt; rückgängig
        machen; roll zurück
    """,
    "resume": """
        fortsetzen; fortfahren; weiterlaufen; wiederaufnehmen; weitermachen; aktivieren; aktiviere
    """,
    "suspend": """
        pausiere; pausieren; aussetzen; deaktiviere; deaktivieren; unterbreche; unterbrechen; stoppe; stoppen
    """,
    "delete": """
        lösche; löschen; loesche; loeschen; lösch; entferne; entfernen; vernichte; wegwerfen; zu löschen
    """,
    "create": "erstelle; erstellen; lege; anlegen; erzeuge; erzeugen; mach; mache; erstell",
    "add": "füge; hinzufügen; ergänze; ergänzen; setze; setzen; setz; gib; fuege; hinzu",
    "unset": "entferne; entfernen; lösche; löschen; loesche; streiche",
    "point": "leite; zeige; richte; umleiten; lenke; ändere; stelle; setze; ändern",
    "link": "verknüpfe; verknüpfen; verbinde; verlinke; hänge",
    "allow": "erlaube; erlauben; gestatte; gewähre",
    "show": """
        zeige; zeigen; zeig; gib; anzeigen; hole; hol; sehen; lies; liste; auflisten; ausgeben; nenne; sag; sage;
        lesen; gibt es; anschauen; laufen; anschaun; ansehen; holen; haben; gibt; wissen; brauche; listen;
        anzuzeigen; schicke; schick; finden; sind; hätte; möchte sehen
    """,
    "describe": "beschreibe; beschreiben; erkläre; beschreib",
    "wait": """
        warte; warten; beobachte; überwache; wart; warte bis; wartet bis; warten bis; warte auf; warten auf; wartet;
        wart bis
    """,
    "diagnose": """
        diagnostiziere; diagnostizieren; untersuche; untersuchen; analysiere; analysieren; prüfe; prüfen; pruefe;
        pruefen; überprüfe; überprüfen; debugge; debuggen; schau; schaue; schauen; finde; herausfinden; nachsehen;
        sieh; check; checke; warum; wieso; weshalb; guck; gucke; schau mal nach; find heraus; sag; erkläre; finde
        heraus; ermittle; kläre; schau nach; diagnose; woran liegt; was ist
    """,
    "mend": """
        repariere; reparieren; behebe; beheben; fixe; fixen; fix; löse; lösen; korrigiere; korrigieren; hilf; dafür
        sorgen; sorge dafür; sorg dafür; reparier; heile; kümmere; beseitige; beseitigen; helfen; instandsetzen;
        beheb; reparierst; behebst; wiederherstellen; reparieren sie; beheben sie; rette; retten; instand; heilen;
        flicken; flicke; helft; kriegt; sanieren; beseitigt
    """,
    "undo": "rückgängig; zurücknehmen; rückgängig machen; mach rückgängig",
    "save": """
        speichere; speichern; sichere; sichern; exportiere; exportieren; speicher; kopiere; kopieren; lege; schreibe
    """,
    "forward": "weiterleiten; portweiterleitung; erreichen; erreiche; verbinden; öffne; zugreifen",
}
"""What one does."""

SPLIT_VERBS = {
    "restart": """
        boote neu; lass neu; restarte neu; starte neu; starten neu; start neu; mach neu; starte durch; neu starten;
        fahre neu; mach neustart; führe neustart; starte einmal neu; starten sie neu; neu werden; gib neustart;
        startest neu; boot neu; starteten neu
    """,
    "stop": """
        fahre herunter; fahre runter; schalte ab; schalte aus; fahr herunter; fahr runter; mach aus; halte an;
        stelle ab; nimm vom; schalt ab; dreh ab; nimm vom netz; nimm offline; fahre ganz herunter; stell ab
    """,
    "rollback": """
        rolle zurück; roll zurück; setze zurück; mach rückgängig; mache rückgängig; rollen zurück; setz zurück;
        setzen zurück; nimm zurück; stelle zurück; mach den rollout rückgängig; dreh zurück; dreht zurück; gehe
        zurück; geh zurück; rollt zurück; nehmt zurück; fahr zurück; wechsle zurück
    """,
    "raise": "setze hoch; setze herauf; hebe an; setz hoch; dreh hoch; stelle hoch; setze rauf",
    "lower": "setze herab; setze runter; setze herunter; setz runter; setz herab; dreh runter",
    "scale": "skaliere hoch; skaliere runter; skaliere herunter; fahre hoch",
    "resume": """
        setze fort; lass weiterlaufen; führe fort; nimm wieder auf; lass wieder; schalte ein; aktiviere wieder;
        setzt fort; setzen fort
    """,
    "suspend": "setze aus; halte an",
    "mend": """
        bring laufen; bringe laufen; mach heile; mach ganz; mach gesund; bring wieder; bringe wieder; mach
        lauffähig; richte wieder; kümmere darum; hilf bei; hilf mit; bring ordnung; mach läuft; sorge läuft; sorg
        läuft; sorgen läuft; sorgen funktioniert; sorgen geht; sorge funktioniert; sorgen startet; sorge startet;
        sorge geht; sorgen dafür; bring gang; bring hoch; bringe hoch; hilf mir; krieg hin; bekomm hin; bring in
        gang; mach flott; mach wieder; krieg wieder; bekomme hin; mach funktioniert; mach fit; sorg dafür; sorge
        dafür; bring zurück; behebe problem; mach heil; bringe ordnung; bring auf vordermann; bring auf trab; bring
        zum laufen; bringe zum laufen; bring ins laufen; krieg zum laufen; mach gut; rette; bekomme zum laufen;
        kriege zum laufen; bring leben; helft mit; helft bei; mach gängig; sorgen erreichbar; sorge erreichbar;
        sorgen gesund; bring grün; mach grün; bring online; mach online
    """,
    "link": "füge hinzu",
    "add": "füge hinzu; leg an; lege an",
    "create": "lege an; leg an; legen an",
    "diagnose": """
        schau an; schau nach; sieh nach; guck nach; schau dir; sieh dir; finde heraus; schaue nach; guck an; sieh
        an; schau rein
    """,
    "forward": "leite weiter; leite um",
    "set": """
        lass laufen; lasst laufen; lasse laufen; soll laufen; stelle ein; stell ein; stelle um; stell um; passe an;
        pass an
    """,
    "unset": "nimm raus; nimm weg; wirf raus; nimm heraus",
    "delete": "wirf weg; räum weg; wirf raus",
}
"""Verbs of two words that others may stand between: `shut web down`, `get checkout working`."""

PASSIVES = {
    "scale": "skaliert; hochskaliert; runterskaliert; herunterskaliert",
    "delete": "gelöscht; entfernt",
    "rollback": "zurückgerollt; zurückgesetzt",
    "suspend": "pausiert; ausgesetzt; angehalten",
    "resume": "fortgesetzt",
    "raise": "erhöht; hochgesetzt",
    "lower": "gesenkt; verringert; reduziert",
    "stop": "gestoppt; heruntergefahren; abgeschaltet",
    "set": "gesetzt; geändert; gestellt; umgestellt",
    "mend": "repariert; behoben; gefixt",
}
"""Participles that make an order behind one of the MODALS: `web must be restarted`."""

GERUNDS: dict[str, str] = {}
"""What one asks for behind `would you mind`."""

MODALS = ""

LIGHT_VERBS = """
    mach; mache; machen; gib; führe; durchführen; brauche; braucht; brauchen; wir brauchen; ich brauche; benötigt;
    wäre gut; wäre super; wäre toll; wäre nett; aus; veranlasse; muss; nötig; fällig
"""
"""What only carries a noun that says what to do: `give web a restart`."""

NOUNS = {
    "memory": "speicher; arbeitsspeicher; hauptspeicher; ram; speichers; memory",
    "memory limit": """
        speicherlimit; speichergrenze; memorylimit; arbeitsspeicherlimit; ramlimit; speicher-limit; memory-limit;
        speicherlimits; ram-limit
    """,
    "memory request": """
        speicheranforderung; speicherrequest; memoryrequest; speicher-request; memory-request; speicheranfrage
    """,
    "cpu": "cpu; prozessor; rechenleistung; cpus",
    "cpu limit": "cpulimit; cpu-limit; cpu-grenze; cpu-limits; cpulimits",
    "cpu request": "cpurequest; cpu-request; cpu-anforderung; cpu-anfrage",
    "limit": "limit; grenze; obergrenze; limits; maximum; höchstgrenze",
    "request": "request; anforderung; requests; anfrage",
    "replicas": """
        replikas; replicas; instanzen; instanz; kopien; repliken; pods; pod; replika; anzahl der replikas; anzahl
        der pods; instances
    """,
    "image": "image; abbild; version; images; container-image; docker-image",
    "logs": """
        logs; log; protokoll; protokolle; logausgabe; logdatei; ausgabe; ausgaben; logfile; logeinträge;
        log-ausgaben; logausgaben; im log; steht im log; log von; was steht im log; loggt; geloggt; logt; logzeilen;
        protokoll von; ausgabe von; was loggt
    """,
    "lines": "zeilen; zeile; logzeilen; einträge; letzten zeilen",
    "previous": """
        vorherigen; vorherige; abgestürzten; letzten lauf; vorigen; abgestürzte; vorherigem; alten; vor dem absturz;
        vorletzten
    """,
    "last": "letzten; letzte; neuesten; neueste; aktuellen; letzter; jüngsten",
    "events": "events; ereignisse; ereignis; warnungen; ereignisse gab es; events gab es",
    "usage": """
        verbrauch; ressourcenverbrauch; auslastung; nutzung; verbrauchen; braucht; verbraucht; cpu-verbrauch;
        speicherverbrauch; nutzt; cpu-auslastung; brauchen
    """,
    "yaml": "yaml; manifest; definition; konfiguration; spezifikation; manifeste",
    "details": "details; einzelheiten; informationen; infos; beschreibung",
    "env": """
        umgebungsvariable; umgebungsvariablen; variable; variablen; env; env-variable; env-variablen; umgebung;
        env-var; env-vars; env variable; umgebungs-variable; env var; umgebungsvar
    """,
    "rollout": """
        rollout; ausrollen; deployment; deploy; rollouts; letzten rollout; letzten deploy; den letzten rollout;
        letzte deployment; das letzte rollout
    """,
    "revision": "revision; version",
    "previous_revision": """
        vorherige version; letzte version; vorige version; alte version; vorherige revision; letzte revision;
        vorherigen version; letzten version; vorigen version; alten version; vorherigen revision; letzten revision;
        vorigen stand; vorherigen stand; vorversion; eine version; eine revision; letzten stand
    """,
    "history": """
        verlauf; historie; versionsverlauf; rollout-verlauf; revisionen; änderungsverlauf; rollout-historie;
        versionen; geschichte
    """,
    "changed": """
        geändert; änderungen; verändert; deployt; deployed; aktualisiert; geaendert; ausgerollt; getan
    """,
    "lately": "zuletzt; kürzlich; neulich; letztens; letzte; letzten; in letzter zeit",
    "status": """
        status; zustand; stand; fortschritt; fertig; durch; abgeschlossen; ausgerollt; ausgerollt ist; fertig
        ausgerollt; rolloutstatus
    """,
    "happened": "passiert; geschehen; los; passierte; geschah",
    "schedule": "zeitplan; schedule; cron-ausdruck; zeitplans",
    "port": "port; ports",
    "mounts": "mounts; volumes; volume; eingehängt; laufwerke",
    "workload": """
        anwendung; anwendungen; app; apps; dienst; workload; workloads; programm; komponente; container
    """,
    "identity": """
        wer bin ich; als wer bin ich angemeldet; was darf ich; welche rechte habe ich; meine rechte; meine
        berechtigungen; welcher benutzer bin ich; als welcher benutzer; als welcher user; welche berechtigungen habe
        ich; wer bist du; meine identität; was darf ich hier; als wer; mit welchem user; mit welchem benutzer
    """,
    "who": """
        wer darf; wer kann; wer hat das recht; wer hat zugriff auf; welche benutzer dürfen; wer darf denn; wer alles
        darf; wer hat rechte
    """,
    "may": "darf; kann; hat das recht",
    "user": "benutzer; user; nutzer; gruppe",
    "file": "datei; workspace; ordner; git",
    "local": """
        lokal; localhost; lokalen; mein rechner; meinem rechner; rechner; lokaler; lokales; meinen rechner
    """,
    "change": "änderung; letzte änderung; letzten änderung; aenderung",
    "probe": "probe; prüfung; probes",
    "running": "laufen; läuft; lauf; lauffähig",
    "restart": "neustart; neustarts",
    "overview": "liste; übersicht; eine liste; eine übersicht; liste aller; übersicht über; auflistung",
    "path": "pfad",
    "label": "label; labels; mit label; mit dem label",
    "threshold": "fehlerschwelle; schwelle",
    "initial_delay": "anfangsverzögerung; startverzögerung; verzögerung",
    "timeout": "timeout; zeitlimit",
    "period": "intervall; periode",
    "storage_class": "storage-klasse; storageklasse; speicherklasse; storageclass",
    "container": "container; containers",
    "role_of": "datenbank; server; db; cache",
}
"""What is spoken of, besides kinds of objects. A key of two concepts is a compound: `Speicherlimit`."""

KINDS = {
    "Deployment": "deployment; deployments",
    "StatefulSet": "statefulset; statefulsets",
    "DaemonSet": "daemonset; daemonsets",
    "CronJob": "cronjob; cronjobs",
    "Job": "job; jobs",
    "Pod": "pod; pods",
    "Service": "service; services; dienst; dienste",
    "ConfigMap": "configmap; configmaps; konfigmap",
    "Secret": "secret; secrets; geheimnis; geheimnisse",
    "PersistentVolumeClaim": "pvc; pvcs; claim; claims",
    "Ingress": "ingress; ingresse",
    "Node": "node; nodes; knoten",
    "Namespace": "namespaces; namensräume; projekte; namespace; namensraum; projekt",
    "ResourceQuota": "quota; quotas; kontingent",
}
"""Kinds of objects, with kubectl's short names."""

COMPLAINTS = """
    kaputt; abgestürzt; stürzt; stürzen; absturz; abstürze; hängt; hängen; langsam; tot; down; rot; offline; fehler;
    problem; probleme; fehlgeschlagen; fehlerhaft; schlägt; scheitert; crasht; crashed; crashen; crashloop;
    crashloopbackoff; oomkilled; pending; ausgefallen; startet; spinnt; streikt; defekt; falsch; timeout; timeouts;
    502; 503; 500; 504; 404; blockiert; unerreichbar; instabil; krank; imagepullbackoff; abgebrochen; neustarts;
    ungesund; störung; ausfall; beendet; gekillt; weg; stürzt ab; im eimer; dauernd; ständig; fehlt; fehlen; lahm;
    zickt; bockt; rum; abstürzt; absturzschleife; gestorben; stirbt; sterben; wirft; geht nicht; läuft nicht;
    ruckelt; los; klemmt; hakt; hakelt; liegt; fehlermeldung; fehlermeldungen; neu startet; startet ständig neu;
    komisch; seltsam; lahmt; probleme macht; ziehen kann; tut nichts; nichts geht; steht still; fliegt; fliegt um;
    raucht ab; abgeraucht; abgeschmiert; schmiert ab; verreckt; krepiert; abgesoffen; zickt rum; spackt; lahmgelegt;
    macht probleme; macht ärger; am boden; im crashloop; kaputtgegangen; eingefroren; friert ein; überlastet;
    ausgelastet; unbrauchbar; nicht erreichbar; gestört; fällt um; kotzt; macht schlapp; hinüber
"""
"""What people say of something that does not work."""

STATES = """
    starten; startet; start; laufen; läuft; laeuft; hoch; erreichbar; antworten; antwortet; bereit; verfügbar;
    funktioniert; funktionieren; geht; gehen; reagiert; verbinden; kommt; kommen; ziehen; gesund; ok; okay; in
    ordnung; gut; erreichen; hochkommen; online; fertig; up; ready; fit; lädt; laden; wird; tut; klappt; geladen;
    gestartet; erreicht; finden; hochfahren; stabil; einplanen; eingeplant; kann; pullen; gezogen; geplant;
    gebunden; mounten; auflösen; hochkommt; angenommen; anspringen; springt an; kommt hoch; wird bereit; fährt hoch
"""
"""What something that works does or is: denied (`won't start`) or asked about, it is to be diagnosed."""

FILLERS = """
    der; die; das; den; dem; des; ein; eine; einen; einem; einer; mein; meine; meinen; unser; unsere; unseren;
    unserem; meinem; bitte; mal; doch; jetzt; sofort; gleich; schnell; einfach; danke; hallo; hi; hey; moin; servus;
    guten morgen; guten tag; guten abend; mir; uns; ich will; wir wollen; ich möchte; wir möchten; ich moechte; ich
    würde gern; ich würde gerne; du; kannst du; könntest du; würdest du; bitte mal; so; dann; vom; bitte auch; von;
    namens; genannt; desk; hallo desk; hey desk; hi desk; moin desk; ich brauche; wir brauchen; dass; auch; ab; an;
    aus; hoch; runter; herunter; herauf; zurück; rauf; um zu; wert; werte; anzahl; zu; team; zusammen; los; okay;
    ok; dort; vielen dank; danke dir; sei so gut und; noch; es; sein; gern; gerne; neu; wieder; einmal; kurz;
    kubernetes; cluster; folgende; gut; eben; sicher; stelle sicher; stell sicher; für mich; für uns; doch bitte;
    ja; na; könnt ihr; kann man; können sie; könnten sie; würden sie; können wir bitte; ihr; sie; liebes; lieber;
    wäre nett; bitteschön; bestehenden; ganzen; ganze; gesamten; jeweils; beide; beiden; genau; insgesamt; dringend;
    asap; kollegen; leute; mein lieber; beste grüße; gruß; grüße; viele grüße; muss; müsste; werden; hier; wäre
    super; wäre gut; wäre toll; ich hätte gern; ich hätte gerne; du bitte; dass du; jetzt gleich; bitte sofort;
    umgehend; also; halt; denn; sie bitte; deshalb; daher; darum; ab sofort; ich bitte; wir bitten; ich bitte sie;
    ihr bitte; heil; flott; weiter; ganz; doch mal; es wäre gut wenn du; es wäre super wenn du; dafür; dafür bitte;
    dann bitte; als nächstes; zuerst; erst; nochmal; noch einmal; per kubectl; mit kubectl; im rahmen der regeln;
    innerhalb der regeln; im rahmen des erlaubten; innerhalb der grenzen; im rahmen der quota
"""
"""What leaves an order as it is."""

COURTESY = """
    super; prima; toll; perfekt; gut; danke; vielen dank; schöne grüße; grüße; beste grüße; lg; viele grüße; danke
    dir; danke schön; wäre super; wäre toll; das wäre super; das wäre toll; wäre nett; schönen tag; wir brauchen es
    nicht; wir brauchen ihn nicht; niemand braucht es; niemand nutzt es; danke im voraus; frage; wird nicht mehr
    gebraucht; brauchen wir nicht mehr; wir brauchen es nicht mehr; das braucht niemand; sonst nichts; nichts sonst;
    mehr nicht; nichts weiter; im voraus; hallo zusammen; liebe kollegen; liebes team; guten tag zusammen; moin
    zusammen; sehr geehrte damen und herren; hi zusammen; hallo team; mit freundlichen grüßen; dankeschön; merci;
    besten dank; bleibt; es eilt; eilt; ist dringend; dringend
"""
"""What may stand beside an order without a bearing on it: greetings, thanks, and why it is no loss."""

SIGN_OFF = """
    viele grüße; beste grüße; mit freundlichen grüßen; grüße; gruß; liebe grüße; lg; vg; mfg; danke; vielen dank;
    schöne grüße; herzliche grüße; danke und gruß; besten dank; merci; ciao; schönen gruß; dankeschön
"""
"""What a letter ends with, a name behind it."""

ASKING = """
    was; welche; welcher; welches; wer; wie; wieviel; wie viele; wie viel; wo; wann; ist; sind; war; hat; haben;
    kann; darf; es; gibt; gibt es; laufen; läuft; wurde; wurden; alles; auf; in; im; ich; wir; man; hier; gerade;
    aktuell; noch; ob; alle; welchen; welchem; worden; zeig; mir; da; dort; heute; davon; momentan; derzeit; bei;
    mit; für; von; über; drauf; drin; sein; viel; viele; existieren; rolle; denn; eigentlich; vorhanden; pod; pods;
    container; dürfen; gab; gab es; habt; steht; stehen; hätte; hätte gern; gern; ich hätte gern; aller; allen;
    davon bitte; zuletzt; hier drin; so
"""
"""What a question about something may hold besides: it only looks, and changes nothing."""

BLOCKERS = {
    "time": """
        morgen; später; spaeter; bald; heute abend; mitternacht; mittag; montag; dienstag; mittwoch; donnerstag;
        freitag; samstag; sonntag; wochenende; woche; monat; stunde; stunden; minute; minuten; sekunde; sekunden;
        tag; tage; uhr; nacht; abend; nachts; täglich; stündlich; übermorgen; nächste; nächsten; nachher;
        nachmittag; vormittag; feierabend; früh; mittags; abends; jede; jeden; demnächst; irgendwann
    """,
    "past": """
        gestern; seit; obwohl; nachdem; nach; während; seitdem; heute; letzte nacht; letzte woche; schon; bereits
    """,
    "condition": """
        wenn; falls; sobald; solange; bis; bevor; ob; sofern; sonst; andernfalls; im falle; außer wenn; vor;
        angenommen; sollte; sollten; wann; vorausgesetzt; statt; anstatt; stattdessen; ansonsten; nur wenn; nur
        falls; bei bedarf
    """,
    "negation": """
        nicht; kein; keine; keinen; nie; niemals; ohne; nichts; weder; lass es; vergiss; unterlasse; auf keinen
        fall; keinesfalls; nein; bloß nicht
    """,
    "doubt": """
        vielleicht; eventuell; möglicherweise; wahrscheinlich; könnte; könnten; würde; glaube; denke; mindestens;
        höchstens; verdopple; halbiere; zwischen; meinte; soll; sollen; überlege; evtl; um; möglichst; irgendwie
    """,
    "report": """
        sagte; sagt; meinte; meint; jemand; laut; chef; kollege; kollegin; er; wollte; berichtet; gesagt; behauptet;
        hieß; angeblich; steht; heißt
    """,
    "exception": "außer; ausser; ausgenommen; abgesehen; aber; bis auf; mit ausnahme",
    "alternative": "oder; entweder; beziehungsweise; bzw",
    "reason": "weil; da; wegen",
    "degree": "ungefähr; etwa; circa; ca; mehr; weniger; doppelt; prozent; einige; paar; fast",
}
"""What changes the meaning of an order and that no tool can heed: such an order is not carried out."""

LEAVE_ALONE = """
    außer; ausser; ausgenommen; lass; lasse; nicht; aber nicht; bis auf; ohne; aber lass; abgesehen von; mit
    ausnahme von; finger weg von; aber; jedoch nicht; nur nicht; ignoriere; überspringe; lassen
"""
"""What takes an object out of what is to be done."""

LEFT_ALONE = """
    in ruhe; unangetastet; so; anfassen; anrühren; aus; wie es ist; bitte; verändern; ändern; anfasst; weg;
    unberührt; bleibt; bleiben; bleibt unangetastet; bleibt so; bleibt wie es ist
"""
"""What may follow such an object."""

INSTEAD = "statt; anstatt; statt dessen"
"""What takes a verb out of what is to be done."""

PURPOSE = "damit; um; sodass; so dass; auf dass"
"""What begins the reason for an order."""

QUESTIONS = """
    warum; was; welche; wer; wie; wo; wann; ist; sind; hat; haben; kann ich; können wir; soll ich; sollen wir; darf;
    wieso; weshalb; gibt; läuft; sollte; sollten; kann; können; wird; funktioniert; woran; geht; wurde; wurden;
    welcher; welches; wieviele; wieviel; dürfen; würde; soll; muss; müssen; wozu
"""
"""What a question begins with."""

REQUESTS = """
    könntet ihr; könntet ihr bitte; könnt ihr bitte; kannst du; könntest du; würdest du; kannst du bitte; könntest
    du bitte; würdest du bitte; könnt ihr; könnten sie; können sie; würden sie; wärst du so nett und; magst du;
    kannst du mal; könntest du mal; kann jemand; könnte jemand
"""
"""What makes an order of a question."""

ADVICE = """
    wie kann ich; wie können wir; wie kann man; soll ich; sollen wir; sollte ich; sollten wir; kann ich; können wir;
    darf ich; dürfen wir; muss ich; müssen wir; wie mache ich; was passiert wenn ich; was passiert, wenn ich; mit
    welchem befehl; ist es sinnvoll; wie lautet der befehl; wie würde ich; wie lässt sich; wie; was wäre wenn; was
    ist der befehl; welcher befehl; lohnt es sich; soll man; sollte man; wäre es sinnvoll; wie soll ich; wie sollte
    ich; hilft es; mit welchem kommando; mit welchem befehl kann ich
"""
"""What asks for advice: it orders nothing, and is answered with the command."""

PREPOSITIONS = {
    "to": "auf; zu; zur; zum",
    "from": "aus",
    "of": "von; vom; des; der",
    "in": "in; im; innerhalb",
    "on": "am",
    "for": "für; fuer",
    "with": "mit",
    "as": "als",
    "at": "bei",
}

NAMESPACE_WORDS = "namespace; namensraum; projekt; umgebung"

PRONOUN = """
    es; ihn; sie; das; den; ihm; dieses; diesen; dies; davon; dessen; ihn bitte; deren; dazu; sein; seine; seinen;
    seinem
"""
"""What means one thing that was spoken of."""

PRONOUNS = "beide; beiden; diese; die beiden; alle drei; sie alle; sie beide; alle beide; alle davon"
"""What means several."""

REPEAT = """
    das gleiche für; dasselbe für; das selbe für; gleiches für; das gleiche mit; dasselbe mit; das selbe mit; das
    gleiche bei; dasselbe bei; das gleiche in; dasselbe in; genauso für; genauso mit; genauso bei; genauso in;
    ebenso für; ebenso mit; ebenso in; auch für
"""
"""What asks for what was asked for before, of what is named behind it."""

EVERYTHING = "alles; alle; sämtliche; jede; jeden; allen; aller; alle kaputten"

ALL_NAMESPACES = """
    alle namespaces; allen namespaces; alle projekte; überall; allen namensräumen; im ganzen cluster; ganzen
    cluster; in allen projekten
"""

ONLY = "nur; ausschließlich; lediglich; bloß"

AND = "und; sowie; und dann; danach; dann; anschließend; und danach; und anschließend; plus"
"""What joins wishes, or the parts of a list."""

NUMBERS = {
    "null": 0, "ein": 1, "eins": 1, "eine": 1, "einen": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5,
    "fuenf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "zwoelf": 12,
    "halben": 0.5, "einen halben": 0.5, "halbe": 0.5, "einem halben": 0.5, "ein halber": 0.5, "halber": 0.5,
    "eine halbe": 0.5, "einer halben": 0.5, "zwanzig": 20,
}  # fmt: skip

UNITS = {
    "kern": "cpu", "kerne": "cpu", "kernen": "cpu", "core": "cpu", "cores": "cpu",
}  # fmt: skip
