package io.campanile.server;

import io.campanile.gateway.Plugin;
import io.campanile.gateway.PluginContext;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A plugin that the tests' servers find; it keeps what it was given by those that set something for it. */
public final class ProbePlugin implements Plugin {

    static final BlockingQueue<Map<String, String>> CONFIGS = new LinkedBlockingQueue<>();

    @Override
    public String name() {
        return "probe";
    }

    @Override
    public void start(PluginContext context) throws Exception {
        Map<String, String> config = context.config();
        if (config.containsKey("fail")) {
            throw new java.io.IOException(config.get("fail"));
        }
        if (!config.isEmpty()) {
            CONFIGS.add(config);
        }
        context.metrics().counter("starts", "Times it was started").increment();
        context.metrics().gauge("level", "A level", () -> 2.5);
    }
}
