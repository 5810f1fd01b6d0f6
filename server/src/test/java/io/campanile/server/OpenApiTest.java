package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.gateway.ClaimsRules;
import io.campanile.gateway.LiveClaims;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Whether the document that describes the HTTP API says what the server does. */
@SuppressWarnings("unchecked") // a document is maps and lists
final class OpenApiTest {

    private static final Pattern EXPECTED =
            Pattern.compile("unknown field \\\\\"nonsense\\\\\" \\(expected: ([^)]*)\\)");

    /** JSON is YAML. */
    private final Map<String, Object> document =
            (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromString(OpenApi.document());

    private final List<HttpApi.Route> routes = new HttpApi(
                    new ApiAccess(Mode.DEVELOPMENT, List.of(), 0),
                    () -> {
                        throw new AssertionError("nothing is called");
                    },
                    new IdempotentAnswers(Duration.ofSeconds(1), 0, System::nanoTime),
                    Runnable::run,
                    new LiveClaims(ClaimsRules.defaults()).revocations())
            .routes();

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void describesEveryRouteAndNoOther() {
        var described = new TreeSet<String>();
        operations().forEach((name, operation) -> described.add(name));
        var served = new TreeSet<String>();
        routes.forEach(route -> served.add(route.method() + " " + route.path()));
        served.add("GET " + Paths.TAIL);
        served.add("GET " + Paths.OPENAPI);

        assertThat(described).isEqualTo(served);
    }

    @Test
    void namesTheScopeAndTheParametersOfEachRoute() {
        for (HttpApi.Route route : routes) {
            Map<String, Object> operation = operation(route.method() + " " + route.path());
            String scope = OptionType.enumText(route.scope());

            assertThat(operation.get("security"))
                    .as(route.path())
                    .isEqualTo(List.of(Map.of("bearer", List.of(scope)), Map.of("apiKey", List.of(scope))));
            // The short form of a publish, whose query says what the fields say, is described in words.
            Set<String> expected = route.path().equals(Paths.PUBLISH) ? Set.of() : new TreeSet<>(route.parameters());
            assertThat(parameters(operation, "query")).as(route.path()).isEqualTo(expected);
        }
        assertThat(parameters(operation("GET " + Paths.TAIL), "query"))
                .isEqualTo(new TreeSet<>(TailEndpoint.PARAMETERS));
    }

    @Test
    void namesTheFieldsOfEachBody() {
        server.start();

        operations().forEach((name, operation) -> {
            if (operation.containsKey("requestBody")) {
                String path = name.substring("POST ".length());
                Matcher expected =
                        EXPECTED.matcher(server.post(path, "{\"nonsense\":1}").body());
                assertThat(expected.find()).as(path).isTrue();
                Object schema = child(operation, "requestBody", "content", "application/json", "schema");

                assertThat(properties(schema))
                        .as(path)
                        .isEqualTo(new TreeSet<>(List.of(expected.group(1).split(", "))));
            }
        });
    }

    @Test
    void itsExamplesAreTaken() {
        server.start();

        operations().forEach((name, operation) -> {
            if (operation.containsKey("requestBody")) {
                Object media = child(operation, "requestBody", "content", "application/json");
                String path = name.substring("POST ".length());
                Object example = ((Map<String, Object>) media).containsKey("example")
                        ? child(media, "example")
                        : ((List<Object>) child(resolved(child(media, "schema")), "examples")).get(0);

                assertThat(server.post(path, json(example), "content-type", "application/json")
                                .statusCode())
                        .as(path)
                        .isEqualTo(200);
            }
        });
    }

    @Test
    void isServedToEveryone() {
        server.start("");

        var answer = server.get(Paths.OPENAPI);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-type")).contains("application/json");
        assertThat(answer.body()).isEqualTo(OpenApi.document()).doesNotContain("${");
    }

    private Map<String, Map<String, Object>> operations() {
        var operations = new TreeMap<String, Map<String, Object>>();
        ((Map<String, Object>) child(document, "paths"))
                .forEach((path, item) -> ((Map<String, Object>) item)
                        .forEach((method, operation) -> operations.put(
                                method.toUpperCase(java.util.Locale.ROOT) + " " + path,
                                (Map<String, Object>) operation)));
        return operations;
    }

    private Map<String, Object> operation(String name) {
        return Objects.requireNonNull(operations().get(name), name);
    }

    private Set<String> parameters(Map<String, Object> operation, String in) {
        var names = new TreeSet<String>();
        for (Object parameter : (List<Object>) operation.getOrDefault("parameters", List.of())) {
            Map<String, Object> described = resolved(parameter);
            if (in.equals(described.get("in"))) {
                names.add((String) described.get("name"));
            }
        }
        return names;
    }

    private Set<String> properties(Object schema) {
        Map<String, Object> resolved = resolved(schema);
        var names = new TreeSet<String>();
        names.addAll(((Map<String, Object>) resolved.getOrDefault("properties", Map.of())).keySet());
        for (Object one : (List<Object>) resolved.getOrDefault("oneOf", List.of())) {
            names.addAll(properties(one));
        }
        return names;
    }

    private Map<String, Object> resolved(Object node) {
        Map<String, Object> map = (Map<String, Object>) node;
        Object target = map.get("$ref");
        if (target == null) {
            return map;
        }
        return (Map<String, Object>)
                child(document, ((String) target).substring(2).split("/"));
    }

    private static Object child(Object node, String... path) {
        Object found = node;
        for (String name : path) {
            found = Objects.requireNonNull(((Map<String, Object>) found).get(name), name);
        }
        return found;
    }

    private static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            var fields = new ArrayList<String>();
            map.forEach((name, field) -> fields.add("\"" + name + "\":" + json(field)));
            return "{" + String.join(",", fields) + "}";
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(",", list.stream().map(OpenApiTest::json).toList()) + "]";
        }
        return value instanceof String text ? "\"" + text + "\"" : String.valueOf(value);
    }
}
