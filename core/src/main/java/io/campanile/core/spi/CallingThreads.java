package io.campanile.core.spi;

/** The executor without a thread; shards know it and end their turns by themselves. */
final class CallingThreads implements ShardExecutor {

    static final CallingThreads INSTANCE = new CallingThreads();

    private CallingThreads() {}

    @Override
    public boolean isOwner() {
        return true;
    }

    @Override
    public void execute(Runnable task) {
        task.run();
    }
}
