package io.campanile.gateway;

/**
 * What stands on one path: an endpoint to be, made anew for each gateway that starts. So a description of what an
 * application does can be immutable, and may be put on several ports.
 */
public interface Mount {

    /** Returns the exact path, such as {@code /chat}. */
    String path();

    /** Makes the endpoint; called when a gateway starts, before {@link Endpoint#start}. */
    Endpoint endpoint();
}
