package io.campanile.examples.tradingfloor;

import io.campanile.gateway.GatewayServer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The application: a page, logins, the floor, and prices that go up and down. */
public final class TradingFloor implements AutoCloseable {

    private static final List<String> SYMBOLS = List.of("ACME", "BELL", "CLAY", "DUNE", "EMBER");
    private static final int MAX_LOGINS_WAITING = 100;

    private final ExecutorService hashing =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_LOGINS_WAITING));
    private final Floor floor;
    private final GatewayServer server;

    /**
     * Opens the floor.
     *
     * @param port 0 for a free one
     * @param sessionLifetime after which people sign in anew
     */
    public TradingFloor(int port, Duration sessionLifetime) {
        var sessions = new Sessions(Clock.systemUTC(), sessionLifetime);
        floor = new Floor(sessions);
        var signIn = new SignIn(Accounts.demo(), sessions, floor, hashing);
        var builder = GatewayServer.builder()
                .port(port)
                .webSocket(floor.gateway())
                .http("POST", "/login", signIn::login)
                .http("POST", "/logout", signIn::logout)
                .http("GET", "/session", signIn::session);
        Page.FILES.forEach((path, file) -> builder.http("GET", path, call -> CompletableFuture.completedFuture(file)));
        server = builder.start();
    }

    /** Returns where it listens. */
    public int port() {
        return server.address().getPort();
    }

    /** Tells everyone what something costs. */
    public void price(String symbol, double price) {
        floor.price(symbol, price);
    }

    @Override
    public void close() {
        server.close();
        hashing.shutdownNow();
    }

    /**
     * Runs it until Ctrl-C.
     *
     * @param args a port, 8090 when there is none
     */
    public static void main(String[] args) throws InterruptedException {
        int port = args.length == 0 ? 8090 : Integer.parseInt(args[0]);
        var open = new TradingFloor(port, Duration.ofMinutes(15));
        ScheduledExecutorService market = Executors.newSingleThreadScheduledExecutor();
        market.scheduleAtFixedRate(randomWalk(open), 0, 100, TimeUnit.MILLISECONDS);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            market.shutdownNow();
            open.close();
        }));
        System.out.println("The trading floor is open: http://127.0.0.1:" + open.port());
        System.out.println("Sign in as ada, ben or cleo; the password is demo- and the name. Ctrl-C closes it.");
        new CountDownLatch(1).await();
    }

    private static Runnable randomWalk(TradingFloor open) {
        var random = new Random();
        double[] prices =
                SYMBOLS.stream().mapToDouble(symbol -> 50 + random.nextInt(100)).toArray();
        return () -> {
            int which = random.nextInt(prices.length);
            prices[which] = Math.max(1, prices[which] * (1 + random.nextGaussian() / 500));
            open.price(SYMBOLS.get(which), Math.round(prices[which] * 100) / 100.0);
        };
    }
}
