package app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

//% if type == "web-api"
import java.io.OutputStream;
import java.net.Socket;
//% endif
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
//% if type == "web-api"
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
//% endif
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WebTest {
    private final HttpClient client = HttpClient.newHttpClient();
    //% if database != "none"
    private static final int READINESS = 503; // there is no database
    private static final int STORED = 503;
    private final Database database = Database.at("127.0.0.1", 1);
    private final App app = new App(database);
    //% else
    private static final int READINESS = 200;
    private static final int STORED = 201;
    private final App app = new App();
    //% endif
    private Web web;

    @BeforeEach
    void listen() throws Exception {
        web = Web.listen(0, app);
    }

    @AfterEach
    void stop() throws Exception {
        web.stop(10);
        //% if database != "none"
        database.close();
        //% endif
    }

    private HttpResponse<String> get(String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + web.port() + path);
        return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void theProbesAndTheMetricsAnswer() throws Exception {
        assertEquals(200, get("/healthz").statusCode());
        assertEquals(READINESS, get("/readyz").statusCode());
        assertEquals(404, get("/nothing").statusCode());
        String counted = "http_requests_total{method=\"GET\",path=\"GET /healthz\",status=\"200\"}";
        assertTrue(get("/metrics").body().contains(counted));
    }
    //% if type == "web-api"

    private static String post(String body) {
        String head = "POST /api/v1/greetings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s";
        return head.formatted(body.length(), body);
    }

    @Test
    void aWrongBodyIsRefused() throws Exception {
        for (String body : new String[] {"{}", "{\"name\":\"\"}", "null", "{\"name\":\"" + "x".repeat(101) + "\"}"}) {
            try (Socket socket = new Socket("127.0.0.1", web.port())) {
                socket.getOutputStream().write(post(body).getBytes(StandardCharsets.UTF_8));
                assertTrue(answer(socket).startsWith("HTTP/1.1 422"), body);
            }
        }
    }

    @Test
    void aRequestThatHasBegunIsAnsweredBeforeItStops() throws Exception {
        String request = post("{\"name\":\"Ann\"}");
        try (Socket socket = new Socket("127.0.0.1", web.port())) {
            OutputStream out = socket.getOutputStream();
            out.write(request.substring(0, request.length() - 5).getBytes(StandardCharsets.UTF_8));
            Thread.sleep(200);
            CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> {
                try {
                    web.stop(10);
                } catch (InterruptedException error) {
                    throw new IllegalStateException(error);
                }
            });
            Thread.sleep(200);
            out.write(request.substring(request.length() - 5).getBytes(StandardCharsets.UTF_8));
            assertTrue(answer(socket).startsWith("HTTP/1.1 " + STORED));
            stopped.join();
        }
        web = Web.listen(0, app);
    }

    private static String answer(Socket socket) throws Exception {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
    //% endif
}
