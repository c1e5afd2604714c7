package app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

class DatabaseTest {
    @Test
    @EnabledIfEnvironmentVariable(named = "DATABASE_HOST", matches = ".+")
    void itIsMigratedOnceAndWritten() throws Exception {
        try (Database database = Database.fromEnvironment()) {
            Migrations.run(database);
            Migrations.run(database);
            database.execute("INSERT INTO greetings (name) VALUES (?)", "O'Hara");
            try (Connection connection = database.connection();
                    Statement asked = connection.createStatement();
                    ResultSet rows = asked.executeQuery("SELECT name FROM greetings ORDER BY id DESC LIMIT 1")) {
                assertTrue(rows.next());
                assertEquals("O'Hara", rows.getString(1));
            }
        }
    }
}
