package app;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** The pool of connections. None is opened before it is needed. */
final class Database implements AutoCloseable {
    private final HikariDataSource pool;

    private Database(HikariDataSource pool) {
        this.pool = pool;
    }

    /** Found by DATABASE_HOST, _PORT, _NAME, _USER and _PASSWORD. */
    static Database fromEnvironment() {
        return at(Config.variable("DATABASE_HOST", "localhost"), Config.number("DATABASE_PORT", «database_port»));
    }

    static Database at(String host, int port) {
        HikariConfig config = new HikariConfig();
        String name = Config.variable("DATABASE_NAME", "app");
        //% if database == "postgres"
        config.setJdbcUrl("jdbc:postgresql://%s:%d/%s".formatted(host, port, name));
        //% else
        config.setJdbcUrl("jdbc:mysql://%s:%d/%s".formatted(host, port, name));
        //% endif
        config.setUsername(Config.variable("DATABASE_USER", "app"));
        config.setPassword(System.getenv("DATABASE_PASSWORD"));
        config.setMaximumPoolSize(5);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(2000);
        config.setInitializationFailTimeout(-1);
        return new Database(new HikariDataSource(config));
    }

    Connection connection() throws SQLException {
        return pool.getConnection();
    }

    /** Throws when the database does not answer. */
    void check() throws SQLException {
        execute("SELECT 1");
    }

    /** Runs one statement; values stand for its question marks. */
    void execute(String statement, String... values) throws SQLException {
        try (Connection connection = connection();
                PreparedStatement prepared = connection.prepareStatement(statement)) {
            for (int place = 0; place < values.length; place++) {
                prepared.setString(place + 1, values[place]);
            }
            prepared.execute();
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
