package app;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

//% if type == "web-api"
/** Serves until SIGTERM; what is being answered then is answered. */
//% elif type == "worker"
/** Works until SIGTERM, and finishes the item in hand. Probes and metrics are served beside. */
//% else
/** Works once, and ends; the exit code says whether it went well. SIGTERM ends it after the item in hand. */
//% endif
public final class Main {
    private static final CountDownLatch STOPPING = new CountDownLatch(1);
    private static final CountDownLatch ENDED = new CountDownLatch(1);

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        boolean well = false;
        Runtime.getRuntime().addShutdownHook(new Thread(Main::stop, "stop"));
        //% if database != "none"
        try (Database database = Database.fromEnvironment()) {
            if (arguments.length == 1 && arguments[0].equals("migrate")) {
                Migrations.run(database);
                well = true;
            } else {
                well = run(new App(database));
            }
        } finally {
            ENDED.countDown();
        }
        //% else
        try {
            well = run(new App());
        } finally {
            ENDED.countDown();
        }
        //% endif
        System.exit(well ? 0 : 1);
    }

    //% if type == "web-api"
    private static boolean run(App app) throws Exception {
        Web web = Web.listen(Config.port(), app);
        STOPPING.await();
        web.stop(Config.shutdownSeconds());
        return true;
    }
    //% endif
    //% if type == "worker"
    private static boolean run(App app) throws Exception {
        Web web = Web.listen(Config.port(), app);
        do {
            Work.runOnce(() -> STOPPING.getCount() == 0, app::work);
        } while (!STOPPING.await(Config.intervalSeconds(), TimeUnit.SECONDS));
        web.stop(Config.shutdownSeconds());
        return true;
    }
    //% endif
    //% if type == "cronjob"
    private static boolean run(App app) {
        return Work.runOnce(() -> STOPPING.getCount() == 0, app::work);
    }
    //% endif

    /** The JVM ends when this returns: with 143 after SIGTERM. */
    private static void stop() {
        STOPPING.countDown();
        try {
            boolean ended = ENDED.await(30, TimeUnit.SECONDS);
            if (!ended) {
                System.err.println("not ended within 30 seconds");
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}
