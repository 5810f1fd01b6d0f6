package io.campanile.server;

import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Understands the command line and does what it says. */
final class Commands {

    private static final Logger log = LoggerFactory.getLogger(Commands.class);

    private static final String CONFIG = "--config";

    private static final Map<String, String> GROUPS = Map.of("token", "Makes tokens, and says what is wrong with one.");

    private final PrintStream out;
    private final PrintStream err;
    private final Map<String, String> env;
    private final Map<String, Subcommand> subcommands;
    private final CommandLine line;

    Commands(Console console) {
        this.out = console.out();
        this.err = console.err();
        this.env = console.env();
        this.subcommands = ApiCommands.all(console);
        this.line = new CommandLine(CommandSpec.create().name("campanile"))
                .addSubcommand("serve", serveSpec())
                .addSubcommand("config", configSpec());
        subcommands.forEach(this::add);
        line.addSubcommand("version", versionSpec());
        line.getCommandSpec()
                .addOption(help())
                .usageMessage()
                .description("Realtime rooms for web pages, phones and services.")
                .footer(
                        "",
                        "serve runs a server; publish to revoke ask a running one.",
                        "Exit codes: " + ApiCommands.EXIT_CODES);
        // Names and data may begin with an @ that means nothing to us.
        line.setExpandAtFiles(false);
        line.setUsageHelpLongOptionsMaxWidth(28);
        line.setUsageHelpWidth(110);
    }

    /** Runs a command and returns its exit code. */
    int run(String... args) {
        ParseResult root;
        try {
            root = line.parseArgs(args);
        } catch (ParameterException e) {
            return misused(e);
        }
        boolean asked = root.isUsageHelpRequested();
        ParseResult command = root;
        while (command.hasSubcommand()) {
            command = command.subcommand();
            asked |= command.isUsageHelpRequested();
        }
        CommandSpec spec = command.commandSpec();
        boolean isGroup = !spec.subcommands().isEmpty();
        if (asked || isGroup) {
            spec.commandLine().usage(asked ? out : err);
            return asked ? Exit.DONE : Exit.MISUSED;
        }
        try {
            return switch (spec.name()) {
                case "serve" -> serve(command);
                case "config" -> config(command);
                case "version" -> version();
                default -> run(command);
            };
        } catch (CommandFailure e) {
            complain(e.sentence());
            if (e.exit() == Exit.MISUSED) {
                tryHelp(spec);
            }
            return e.exit();
        } catch (SettingsException e) {
            e.problems().forEach(this::complain);
            return Exit.MISUSED;
        } catch (StartFailure e) {
            log.atDebug().setCause(e).log("start failed");
            complain(e.sentence());
            return e.blame() == StartFailure.Blame.USAGE ? Exit.MISUSED : Exit.FAILED;
        }
    }

    /** Adds a command, whose name has two words where it is one of a group. */
    private void add(String name, Subcommand subcommand) {
        String[] words = name.split(" ", 2);
        if (words.length == 1) {
            line.addSubcommand(name, subcommand.spec());
            return;
        }
        CommandLine group = line.getSubcommands().get(words[0]);
        if (group == null) {
            CommandSpec spec = CommandSpec.create().addOption(help());
            spec.usageMessage().description(GROUPS.get(words[0]), "");
            group = new CommandLine(spec);
            line.addSubcommand(words[0], group);
        }
        group.addSubcommand(words[1], subcommand.spec());
    }

    private int run(ParseResult command) {
        String name = command.commandSpec().qualifiedName().substring("campanile ".length());
        return Optional.ofNullable(subcommands.get(name)).orElseThrow().run(command);
    }

    // ---- serve

    private int serve(ParseResult command) {
        Settings settings = settings(command);
        LogSetup.apply(settings.get(Options.LOG_FORMAT), settings.get(Options.LOG_LEVEL));
        var signals = new AtomicInteger();
        var stop = new CountDownLatch(1);
        CampanileServer server = CampanileServer.start(settings);
        Signals.onStop(() -> {
            switch (signals.incrementAndGet()) {
                case 1 -> stop.countDown();
                case 2 -> {
                    log.atWarn().log("stopping is hurried by a second signal; a third cuts it short");
                    server.hurry();
                }
                default -> {
                    log.atWarn().log("stopping was cut short by a third signal");
                    Runtime.getRuntime().halt(Exit.FAILED);
                }
            }
        });
        // After the signals are taken over: who reads that the server listens may stop it in order.
        greet(settings, server.address());
        await(stop);
        server.stop();
        return Exit.DONE;
    }

    /** Waits for a signal. An interrupt asks for the same. */
    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            log.atInfo().log("interrupted");
        }
    }

    private void greet(Settings settings, InetSocketAddress address) {
        String host = ListenAddress.inUrl(address);
        String socket = "ws://" + host + settings.get(Options.WEBSOCKET_PATH);
        out.println("Campanile " + Version.text());
        out.println("listening on http://" + host);
        out.println();
        if (settings.get(Options.DEMO)) {
            out.println("  try      http://" + host + "/ in a browser");
        }
        out.println("  connect  websocat " + socket);
        out.println("           then type {\"event\":\"room.join\",\"data\":{\"room\":\"lobby\"},\"id\":1}");
        if (settings.get(Options.SSE)) {
            out.println("  listen   curl -N 'http://" + host + settings.get(Options.SSE_PATH) + "?room=lobby'");
        }
        out.println("  publish  " + publishHint(settings, host));
        out.println("  watch    curl http://" + host + (settings.get(Options.METRICS) ? "/metrics" : "/readyz"));
        out.println();
        if (settings.mode() == Mode.DEVELOPMENT) {
            out.println(
                    "Development mode: no configuration file was given (--config FILE), so everything is open, but only"
                            + " to this machine.");
            out.println();
        }
        out.flush();
    }

    private static String publishHint(Settings settings, String host) {
        boolean hasKey = settings.find(Options.API_KEY).isPresent()
                || settings.find(Options.API_KEYS)
                        .filter(keys -> !keys.isEmpty())
                        .isPresent();
        if (!hasKey && settings.mode() == Mode.CONFIGURED) {
            return "closed; set api.key to open POST /api/publish";
        }
        return "curl " + (hasKey ? "-H \"X-API-Key: $KEY\" " : "")
                + "-d '{\"room\":\"lobby\",\"event\":\"chat\",\"data\":\"hello\"}' http://" + host + "/api/publish";
    }

    // ---- config, version

    private int config(ParseResult command) {
        if (command.matchedOptionValue("--defaults", false)) {
            out.print(ConfigText.defaults());
        } else {
            out.print(ConfigText.inForce(settings(command)));
        }
        return Exit.DONE;
    }

    private int version() {
        out.println("campanile " + Version.text());
        out.println("java " + Runtime.version());
        return Exit.DONE;
    }

    // ---- the command line

    private Settings settings(ParseResult command) {
        Map<String, String> flags = new LinkedHashMap<>();
        for (Option<?> option : Options.all()) {
            option.flag().ifPresent(flag -> {
                String text = command.matchedOptionValue(flag, (String) null);
                if (text != null) {
                    flags.put(flag, text);
                }
            });
        }
        Optional<Path> file = Optional.<String>ofNullable(command.matchedOptionValue(CONFIG, (String) null))
                .or(() -> Optional.ofNullable(env.get(Options.CONFIG_ENV)))
                .map(Path::of);
        return SettingsLoader.load(file, env, flags);
    }

    private static CommandSpec serveSpec() {
        CommandSpec spec = withFlags(CommandSpec.create());
        spec.usageMessage()
                .description(
                        "Starts the server: WebSockets, the HTTP API, health and metrics on one port.",
                        "",
                        "Without a configuration file it is in development mode: it listens on this machine only, serves a"
                                + " demo page, and lets clients and programs publish without a key. With one, what the"
                                + " file does not allow is closed.",
                        "")
                .footer(
                        "",
                        "A flag is stronger than its environment variable, that than the file, that than the default.",
                        "Every option with its meaning: campanile config --defaults. What is in force: campanile config.",
                        "",
                        "SIGTERM and SIGINT (Ctrl-C) stop in order and exit with 0; a second one ends all delays, a third cuts.",
                        "Exit codes: 0 stopped, 1 could not start, 2 wrong usage or configuration.");
        return spec;
    }

    private static CommandSpec configSpec() {
        CommandSpec spec = withFlags(CommandSpec.create());
        spec.addOption(OptionSpec.builder("--defaults")
                .arity("0")
                .type(boolean.class)
                .description("Print a configuration file with every option, its meaning and its default, instead.")
                .build());
        spec.usageMessage()
                .description(
                        "Prints the configuration in force, one option a line, and where each value comes from.",
                        "Secrets are not shown. Takes the flags of serve; anything wrong is reported and exits with 2,"
                                + " so this also checks a file before it is used.",
                        "");
        return spec;
    }

    private static CommandSpec versionSpec() {
        CommandSpec spec = CommandSpec.create().addOption(help());
        spec.usageMessage().description("Prints the version of Campanile and of the Java that runs it.", "");
        return spec;
    }

    private static CommandSpec withFlags(CommandSpec spec) {
        spec.addOption(OptionSpec.builder(CONFIG)
                .paramLabel("FILE")
                .type(String.class)
                .description("Configuration file in YAML. Default: none, which means development mode. Environment: "
                        + Options.CONFIG_ENV)
                .build());
        for (Option<?> option : Options.all()) {
            option.flag()
                    .ifPresent(flag -> spec.addOption(OptionSpec.builder(flag)
                            .paramLabel(
                                    flag.substring(flag.lastIndexOf('-') + 1).toUpperCase(java.util.Locale.ROOT))
                            .type(String.class)
                            .description(option.meaning() + " Value: "
                                    + option.type().expected() + ". Default: "
                                    + option.defaultText(Mode.CONFIGURED).orElse("none") + ". Environment: "
                                    + option.env())
                            .build()));
        }
        return spec.addOption(help());
    }

    static OptionSpec help() {
        return OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .arity("0")
                .type(boolean.class)
                .description("Print this help.")
                .build();
    }

    // ---- what is said of a wrong command line

    private int misused(ParameterException e) {
        CommandLine where = e.getCommandLine();
        complain(sentence(e, where));
        tryHelp(where.getCommandSpec());
        return Exit.MISUSED;
    }

    private void tryHelp(CommandSpec spec) {
        complain("try: " + spec.qualifiedName() + " --help");
    }

    private String sentence(ParameterException e, CommandLine where) {
        if (e instanceof UnmatchedArgumentException unmatched) {
            String argument = unmatched.getUnmatched().get(0);
            if (argument.startsWith("-")) {
                String name = argument.split("=", 2)[0];
                String hint = Nearest.hint(name, optionNames(where));
                boolean mayBeMeant =
                        !where.getCommandSpec().positionalParameters().isEmpty();
                return name + ": unknown option"
                        + (hint.isEmpty() && mayBeMeant ? "; if it is none, put -- before it" : hint);
            }
            return where == line
                    ? argument + ": unknown command"
                            + Nearest.hint(argument, line.getSubcommands().keySet())
                    : argument + ": unexpected argument";
        }
        if (e instanceof MissingParameterException missing
                && !missing.getMissing().isEmpty()) {
            ArgSpec arg = missing.getMissing().get(0);
            return name(arg) + (arg.isOption() ? ": needs a value" : ": missing");
        }
        if (e instanceof OverwrittenOptionException twice) {
            return name(twice.getOverwritten()) + ": given twice";
        }
        return String.valueOf(e.getMessage());
    }

    private static String name(ArgSpec arg) {
        return arg instanceof OptionSpec option ? option.longestName() : arg.paramLabel();
    }

    private static List<String> optionNames(CommandLine where) {
        var names = new ArrayList<String>();
        where.getCommandSpec().options().forEach(option -> names.addAll(List.of(option.names())));
        return names;
    }

    private void complain(String sentence) {
        err.println("campanile: " + sentence);
    }
}
