package app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The API, an example: put your own routes in its place. */
final class Api {
    private static final Logger LOG = LoggerFactory.getLogger(Api.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BODY_LIMIT_BYTES = 1 << 20;

    private Api() {}

    static Map<String, Web.Route> routes(App app) {
        return Map.of("POST /api/v1/greetings", exchange -> greet(exchange, app));
    }

    private static Web.Answer greet(HttpExchange exchange, App app) throws Exception {
        JsonNode name = read(exchange).path("name");
        if (!name.isTextual() || name.asText().isEmpty() || name.asText().length() > 100) {
            return Web.Answer.json(422, "{\"error\":\"name: 1 to 100 characters\"}");
        }
        try {
            String greeting = app.greet(name.asText());
            return Web.Answer.json(201, JSON.writeValueAsString(Map.of("greeting", greeting)));
        } catch (Exception error) {
            LOG.error("the greeting was not stored", error);
            return Web.Answer.json(503, "{\"error\":\"try again\"}");
        }
    }

    private static JsonNode read(HttpExchange exchange) throws Exception {
        byte[] body = exchange.getRequestBody().readNBytes(BODY_LIMIT_BYTES);
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException error) {
            return JSON.createObjectNode();
        }
    }
}
