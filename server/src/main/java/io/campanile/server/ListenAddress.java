package io.campanile.server;

import io.campanile.server.StartFailure.Blame;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Where the server listens: checked before, and explained when the machine refuses. */
final class ListenAddress {

    private ListenAddress() {}

    /**
     * Makes sure that the host exists and, in development mode, that it is this machine alone.
     *
     * @throws StartFailure if not
     */
    static void check(Settings settings) {
        String host = settings.get(Options.HOST);
        InetAddress[] addresses;
        try {
            addresses = InetAddress.getAllByName(host);
        } catch (UnknownHostException e) {
            throw new StartFailure(
                    Blame.MACHINE,
                    settings.place(Options.HOST) + ": no address found for " + host
                            + " (expected: an address of this machine, such as 127.0.0.1 or 0.0.0.0)",
                    e);
        }
        for (InetAddress address : addresses) {
            if (settings.mode() == Mode.DEVELOPMENT && !address.isLoopbackAddress()) {
                throw new StartFailure(
                        Blame.USAGE,
                        settings.place(Options.HOST) + ": " + host
                                + " can be reached from other machines, and without a configuration file everything is"
                                + " open (expected: a loopback address such as 127.0.0.1); to listen there, write a"
                                + " configuration file and start with --config FILE");
            }
        }
    }

    /** Returns the sentence that says why listening failed. */
    static StartFailure explain(Settings settings, RuntimeException failure) {
        String where = settings.get(Options.HOST) + ":" + settings.get(Options.PORT);
        for (Throwable t = failure; t != null; t = t.getCause()) {
            String message = String.valueOf(t.getMessage());
            if (message.contains("Address already in use")) {
                return new StartFailure(
                        Blame.MACHINE,
                        "cannot listen on " + where
                                + ": another program does; stop it, or choose another port with --port",
                        failure);
            }
            if (message.contains("Permission denied")) {
                return new StartFailure(
                        Blame.MACHINE,
                        "cannot listen on " + where
                                + ": not permitted; ports below 1024 need privileges, so choose a higher one with"
                                + " --port",
                        failure);
            }
            if (message.contains("assign requested address")) {
                return new StartFailure(
                        Blame.MACHINE,
                        "cannot listen on " + where + ": not an address of this machine; choose another with --host",
                        failure);
            }
        }
        throw failure;
    }

    /** Returns host and port as they stand in a URL that works from this machine. */
    static String inUrl(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        String text = host.isAnyLocalAddress() ? "127.0.0.1" : host.getHostAddress();
        return (text.contains(":") ? "[" + text + "]" : text) + ":" + address.getPort();
    }
}
