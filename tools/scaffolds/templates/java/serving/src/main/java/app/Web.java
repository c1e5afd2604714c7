package app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The JDK's web server: probes, metrics, and a log line for each request. */
final class Web {
    private static final Logger LOG = LoggerFactory.getLogger(Web.class);
    private static final int THREADS = 32;
    private static final Counter REQUESTS = Counter.builder()
            .name("http_requests_total")
            .help("Requests that were answered.")
            .labelNames("method", "path", "status")
            .register();
    private static final Histogram SECONDS = Histogram.builder()
            .name("http_request_duration_seconds")
            .help("Time to answer a request.")
            .labelNames("method", "path")
            .register();

    /** What a route gives. */
    record Answer(int status, String type, String text) {
        static Answer json(int status, String text) {
            return new Answer(status, "application/json", text);
        }
    }

    /** A route: the answer of a request. */
    interface Route {
        Answer answer(HttpExchange exchange) throws Exception;
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    private final Phaser answering = new Phaser(1);
    private final Map<String, Route> probes;
    private final Map<String, Route> routes;

    private Web(HttpServer server, App app) {
        this.server = server;
        this.probes = Map.of(
                // Liveness depends on nothing else: a restart would mend nothing else.
                "GET /healthz", exchange -> Answer.json(200, "{\"status\":\"ok\"}"),
                "GET /readyz", exchange -> ready(app),
                "GET /metrics", exchange -> metrics());
        this.routes = new HashMap<>(probes);
        //% if type == "web-api"
        routes.putAll(Api.routes(app));
        //% endif
    }

    /** Answers on this port of every address; 0 is a free one. */
    static Web listen(int port, App app) throws IOException {
        Web web = new Web(HttpServer.create(new InetSocketAddress(port), 0), app);
        web.server.createContext("/", web::observed);
        web.server.setExecutor(web.threads);
        web.server.start();
        LOG.atInfo().addKeyValue("port", web.port()).log("serving");
        return web;
    }

    int port() {
        return server.getAddress().getPort();
    }

    /** Answers what was asked, for so many seconds at most, and then stops. */
    void stop(int seconds) throws InterruptedException {
        LOG.info("stopping");
        try {
            answering.awaitAdvanceInterruptibly(answering.arrive(), seconds, TimeUnit.SECONDS);
        } catch (TimeoutException error) {
            LOG.warn("requests were not answered in time");
        }
        server.stop(0);
        threads.shutdown();
    }

    private static Answer ready(App app) {
        try {
            app.checkReady();
            return Answer.json(200, "{\"status\":\"ready\"}");
        } catch (Exception error) {
            LOG.warn("not ready", error);
            return Answer.json(503, "{\"status\":\"not ready\"}");
        }
    }

    private static Answer metrics() throws IOException {
        PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        writer.write(written, PrometheusRegistry.defaultRegistry.scrape());
        return new Answer(200, writer.getContentType(), written.toString(StandardCharsets.UTF_8));
    }

    /** Each request is counted, timed and logged by its route and not its path: a path may hold anything. */
    private void observed(HttpExchange exchange) throws IOException {
        answering.register();
        long began = System.nanoTime();
        String asked = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        try (exchange) {
            Answer answer = answered(asked, exchange);
            byte[] bytes = answer.text().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", answer.type());
            exchange.sendResponseHeaders(answer.status(), bytes.length);
            exchange.getResponseBody().write(bytes);
            told(exchange.getRequestMethod(), asked, answer.status(), (System.nanoTime() - began) / 1e9);
        } finally {
            answering.arriveAndDeregister();
        }
    }

    private Answer answered(String asked, HttpExchange exchange) {
        Route route = routes.get(asked);
        if (route == null) {
            return Answer.json(404, "{\"error\":\"not found\"}");
        }
        try {
            return route.answer(exchange);
        } catch (Exception error) {
            LOG.error("failed", error);
            return Answer.json(500, "{\"error\":\"internal error\"}");
        }
    }

    private void told(String method, String asked, int status, double seconds) {
        String path = routes.containsKey(asked) ? asked : "unknown";
        REQUESTS.labelValues(method, path, String.valueOf(status)).inc();
        SECONDS.labelValues(method, path).observe(seconds);
        LOG.atLevel(probes.containsKey(asked) ? Level.DEBUG : Level.INFO)
                .addKeyValue("method", method)
                .addKeyValue("path", path)
                .addKeyValue("status", status)
                .addKeyValue("seconds", seconds)
                .log("answered");
    }
}
