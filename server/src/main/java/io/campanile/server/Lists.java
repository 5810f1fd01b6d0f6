package io.campanile.server;

import io.campanile.core.Audience;
import io.campanile.core.Claims;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import io.campanile.protocol.Answers;
import io.campanile.protocol.JsonSlice;
import io.campanile.protocol.Payload;
import io.campanile.protocol.Payloads;
import io.campanile.protocol.RoomName;
import io.campanile.server.HttpApi.Route;
import io.campanile.server.PageRequest.Page;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What tells who is there. Lists come in pages. A page looks at the whole list once, which takes time in proportion to it,
 * so that is done on a thread of its own and never on an event loop.
 */
final class Lists {

    /**
     * Names of rooms in one answer, after which its page ends: a user may have a thousand connections in a thousand rooms
     * each.
     */
    static final int MAX_ROOM_NAMES = 10_000;

    private static final String MEMBERS = "members";
    private static final String ROOM = "room";
    private static final String PREFIX = "prefix";
    private static final String USER = "user";
    private static final String CONNECTION = "connection";

    private static final Comparator<Connection> BY_ID = (a, b) -> Long.compareUnsigned(a.id().value(), b.id().value());

    private final Supplier<ConnectionRegistry> registry;
    private final Executor background;

    /**
     * Lists what a registry holds.
     *
     * @param background where lists are looked through; may reject what is too much
     */
    Lists(Supplier<ConnectionRegistry> registry, Executor background) {
        this.registry = registry;
        this.background = background;
    }

    List<Route> routes() {
        return List.of(
                Route.get(Paths.ROOMS, ApiScope.READ, parameters(PREFIX), paged(this::rooms)),
                Route.get(Paths.MEMBERS, ApiScope.READ, parameters(ROOM), paged(this::members)),
                Route.get(Paths.CONNECTIONS, ApiScope.READ, parameters(USER, CONNECTION), paged(this::connections)));
    }

    private static Set<String> parameters(String... more) {
        var parameters = new LinkedHashSet<>(List.of(more));
        parameters.add(PageRequest.LIMIT);
        parameters.add(PageRequest.AFTER);
        return parameters;
    }

    private interface Paged {
        CompletionStage<HttpAnswer> answer(HttpCall call, PageRequest page);
    }

    private static HttpApi.Handler paged(Paged handler) {
        return (call, caller) -> {
            Payload<PageRequest> page = PageRequest.read(call);
            return page instanceof Payload.Valid<PageRequest> valid
                    ? handler.answer(call, valid.value())
                    : HttpApi.now(HttpApi.refusal((Payload.Refused<PageRequest>) page));
        };
    }

    private CompletionStage<HttpAnswer> rooms(HttpCall call, PageRequest asked) {
        String prefix = call.parameter(PREFIX).orElse("");
        if (prefix.length() > RoomName.MAX_CHARS) {
            return invalid("prefix: expected at most " + RoomName.MAX_CHARS + " characters");
        }
        return inBackground(CompletableFuture.completedFuture(registry.get()), live -> {
            Set<String> names = live.rooms();
            Page<String> page = asked.of(
                    () -> names.stream().filter(name -> name.startsWith(prefix)).iterator(),
                    Comparator.<String>naturalOrder(),
                    asked.after(),
                    name -> name);
            List<JsonSlice> entries = new ArrayList<>(page.entries().size());
            for (String name : page.entries()) {
                int members = live.memberCount(name);
                if (members > 0) {
                    entries.add(Answers.joined(name, members));
                }
            }
            return HttpApi.now(page("rooms", entries, page.next()));
        });
    }

    private CompletionStage<HttpAnswer> members(HttpCall call, PageRequest asked) {
        String room = call.parameter(ROOM).orElse("");
        Optional<String> problem = RoomName.problem(ROOM, room);
        if (problem.isPresent()) {
            return invalid(problem.get());
        }
        return listed(MEMBERS, Audience.room(room), asked, false);
    }

    private CompletionStage<HttpAnswer> connections(HttpCall call, PageRequest asked) {
        Optional<String> user = call.parameter(USER);
        Optional<String> connection = call.parameter(CONNECTION);
        Optional<String> problem = user.flatMap(name -> Payloads.userProblem(USER, name))
                .or(() -> connection.flatMap(id -> Payloads.connectionProblem(CONNECTION, id)));
        if (problem.isPresent()) {
            return invalid(problem.get());
        }
        if (connection.isPresent()) {
            List<Connection> one = ConnectionId.parse(connection.get())
                    .flatMap(id -> registry.get().find(id))
                    .filter(found -> user.isEmpty() || found.claims().subject().equals(user))
                    .map(List::of)
                    .orElse(List.of());
            return withRooms(new Page<>(one, Optional.empty()));
        }
        return listed("connections", user.map(Audience::user).orElseGet(Audience::all), asked, user.isPresent());
    }

    /** Answers with a page of the connections of an audience. */
    private CompletionStage<HttpAnswer> listed(String name, Audience audience, PageRequest asked, boolean rooms) {
        Optional<Connection> last = Optional.empty();
        if (asked.after().isPresent()) {
            Optional<ConnectionId> id = ConnectionId.parse(asked.after().get());
            if (id.isEmpty()) {
                return HttpApi.now(HttpApi.refusal((Payload.Refused<?>) PageRequest.badCursor()));
            }
            last = id.map(Gone::new);
        }
        Optional<Connection> after = last;
        return inBackground(registry.get().connections(audience), all -> {
            Page<Connection> page = asked.of(all, BY_ID, after, c -> c.id().toString());
            if (rooms) {
                return withRooms(page);
            }
            List<JsonSlice> entries = page.entries().stream()
                    .map(c -> Answers.connection(
                            c.id().toString(),
                            c.claims().subject(),
                            name.equals(MEMBERS) ? OptionalLong.empty() : openSeconds(c),
                            Optional.empty()))
                    .toList();
            return HttpApi.now(page(name, entries, page.next()));
        });
    }

    /** Answers with connections and the rooms that each is in, as many as may be named in one answer. */
    private CompletionStage<HttpAnswer> withRooms(Page<Connection> page) {
        List<CompletableFuture<List<String>>> rooms = page.entries().stream()
                .map(c -> registry.get().rooms(c.id()).toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(rooms.toArray(CompletableFuture[]::new)).thenApply(done -> {
            List<JsonSlice> entries = new ArrayList<>();
            int names = 0;
            for (int i = 0; i < rooms.size(); i++) {
                Connection connection = page.entries().get(i);
                List<String> own = rooms.get(i).join();
                names += own.size();
                if (i > 0 && names > MAX_ROOM_NAMES) {
                    Connection last = page.entries().get(i - 1);
                    return page(
                            "connections",
                            entries,
                            Optional.of(PageRequest.encode(last.id().toString())));
                }
                entries.add(Answers.connection(
                        connection.id().toString(),
                        connection.claims().subject(),
                        openSeconds(connection),
                        Optional.of(own)));
            }
            return page("connections", entries, page.next());
        });
    }

    private OptionalLong openSeconds(Connection connection) {
        return registry.get()
                .age(connection.id())
                .map(age -> OptionalLong.of(age.toSeconds()))
                .orElse(OptionalLong.empty());
    }

    /** Stands for the last connection of the page before, which may have left. */
    private record Gone(ConnectionId id) implements Connection {
        @Override
        public Claims claims() {
            return Claims.anonymous();
        }

        @Override
        public boolean isOpen() {
            return false;
        }
    }

    private <T> CompletionStage<HttpAnswer> inBackground(
            CompletionStage<T> input, Function<T, CompletionStage<HttpAnswer>> work) {
        return input.thenComposeAsync(work, background).exceptionallyCompose(failure -> {
            boolean rejected = failure instanceof RejectedExecutionException
                    || failure.getCause() instanceof RejectedExecutionException;
            return rejected ? busy() : CompletableFuture.failedFuture(failure);
        });
    }

    private static CompletionStage<HttpAnswer> busy() {
        return HttpApi.now(HttpAnswer.problem(503, "overloaded", "too many ask for lists at once; try again later")
                .withHeader("retry-after", "1"));
    }

    private static HttpAnswer page(String name, List<JsonSlice> entries, Optional<String> next) {
        return HttpAnswer.json(200, Answers.page(name, entries, next).toByteArray());
    }

    private static CompletionStage<HttpAnswer> invalid(String detail) {
        return HttpApi.now(HttpAnswer.problem(400, detail));
    }
}
