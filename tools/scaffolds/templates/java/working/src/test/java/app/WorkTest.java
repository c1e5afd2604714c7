package app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkTest {
    private final List<String> done = new ArrayList<>();

    @Test
    void anItemThatFailsIsToldAndTheNextOneIsDone() {
        assertFalse(Work.runOnce(() -> false, item -> {
            done.add(item);
            if (done.size() == 1) {
                throw new IllegalStateException("no");
            }
        }));
        assertEquals(Work.toDo(), done);
    }

    @Test
    void itStopsBetweenTwoItems() {
        assertTrue(Work.runOnce(() -> done.size() == 1, done::add));
        assertEquals(1, done.size());
    }
}
