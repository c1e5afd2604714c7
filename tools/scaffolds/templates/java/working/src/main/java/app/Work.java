package app;

//% if serves
import io.prometheus.metrics.core.metrics.Counter;
//% endif
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The work, item by item. */
final class Work {
    private static final Logger LOG = LoggerFactory.getLogger(Work.class);
    //% if serves
    private static final Counter ITEMS = Counter.builder()
            .name("work_items_total")
            .help("Items of work, by how they ended.")
            .labelNames("result")
            .register();
    //% endif

    /** What is done with an item. */
    interface Doing {
        void work(String item) throws Exception;
    }

    private Work() {}

    /** What is to be done now. */
    static List<String> toDo() {
        return List.of("Ann", "Bob");
    }

    /** Does what is to be done, until told to stop; whether all of it went well. */
    static boolean runOnce(BooleanSupplier isStopping, Doing doing) {
        boolean well = true;
        for (String item : toDo()) {
            if (isStopping.getAsBoolean()) {
                LOG.info("stopped before the end");
                break;
            }
            well &= done(item, doing);
        }
        return well;
    }

    private static boolean done(String item, Doing doing) {
        boolean well = true;
        try {
            doing.work(item);
        } catch (Exception error) {
            LOG.atError().addKeyValue("item", item).setCause(error).log("failed");
            well = false;
        }
        //% if serves
        ITEMS.labelValues(well ? "done" : "failed").inc();
        //% endif
        return well;
    }
}
