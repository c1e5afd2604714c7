package app;

//% if database != "none"
import java.sql.SQLException;
//% endif
//% if type != "web-api"
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
//% endif

//% if database != "none"
/** What requests and work are done with. Greetings are an example: put your own in their place. */
record App(Database database) {
    //% if serves
    /** Throws when no request should be sent now. */
    void checkReady() throws SQLException {
        database.check();
    }
    //% endif
    //% if type == "web-api"

    String greet(String name) throws SQLException {
        database.execute("INSERT INTO greetings (name) VALUES (?)", name);
        return "Hello, " + name;
    }
    //% else
    //% if serves

    //% endif
    private static final Logger LOG = LoggerFactory.getLogger(App.class);

    /** One item. It may be done again, when the process ends amid it. */
    void work(String item) throws SQLException {
        database.execute("INSERT INTO greetings (name) VALUES (?)", item);
        LOG.atInfo().addKeyValue("greeted", item).log("greeted");
    }
    //% endif
}
//% else
/** What requests and work are done with. Greetings are an example: put your own in their place. */
record App() {
    //% if serves
    /** Throws when no request should be sent now. */
    void checkReady() {}
    //% endif
    //% if type == "web-api"

    String greet(String name) {
        return "Hello, " + name;
    }
    //% else
    //% if serves

    //% endif
    private static final Logger LOG = LoggerFactory.getLogger(App.class);

    /** One item. It may be done again, when the process ends amid it. */
    void work(String item) {
        LOG.atInfo().addKeyValue("greeted", item).log("greeted");
    }
    //% endif
}
//% endif
