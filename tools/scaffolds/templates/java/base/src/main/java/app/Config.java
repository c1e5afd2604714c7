package app;

/** What the environment says; a missing variable has the default that stands here. */
final class Config {
    private Config() {}

    //% if serves
    static int port() {
        return number("PORT", «port»);
    }

    static int shutdownSeconds() {
        return number("SHUTDOWN_SECONDS", 20);
    }

    //% endif
    //% if type == "worker"
    static int intervalSeconds() {
        return number("INTERVAL_SECONDS", 10);
    }

    //% endif
    static String variable(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    static int number(String name, int otherwise) {
        String value = variable(name, String.valueOf(otherwise));
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException error) {
            throw new IllegalArgumentException(name + " is no number: " + value, error);
        }
    }
}
