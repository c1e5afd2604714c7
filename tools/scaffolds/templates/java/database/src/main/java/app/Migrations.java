package app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings the database up to the files in migrations/: `java -jar app.jar migrate`. */
final class Migrations {
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
    private static final Path FOLDER = Path.of("migrations");

    private Migrations() {}

    /** Runs each file that has not run yet, in the order of the names, in a transaction of its own. */
    static void run(Database database) throws SQLException, IOException {
        database.execute("CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(255) PRIMARY KEY)");
        Set<String> done = done(database);
        for (Path file : files()) {
            String name = file.getFileName().toString();
            if (!done.contains(name)) {
                migrate(database, name, Files.readString(file));
            }
        }
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".sql")).sorted().toList();
        }
    }

    private static Set<String> done(Database database) throws SQLException {
        Set<String> names = new HashSet<>();
        try (Connection connection = database.connection();
                Statement asked = connection.createStatement();
                ResultSet rows = asked.executeQuery("SELECT name FROM schema_migrations")) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        return names;
    }

    /** Statements end with a semicolon at a line's end. What is not committed is rolled back with the connection. */
    private static void migrate(Database database, String name, String text) throws SQLException {
        String insert = "INSERT INTO schema_migrations (name) VALUES (?)";
        try (Connection connection = database.connection();
                Statement statement = connection.createStatement();
                PreparedStatement record = connection.prepareStatement(insert)) {
            connection.setAutoCommit(false);
            for (String each : text.split(";\n")) {
                if (!each.isBlank()) {
                    statement.execute(each);
                }
            }
            record.setString(1, name);
            record.execute();
            connection.commit();
        }
        LOG.atInfo().addKeyValue("file", name).log("migrated");
    }
}
