/**
 * How fast, and at what cost: a load generator for any WebSocket server, the plain Netty chat server it is compared
 * with, and micro-benchmarks of the registry. Nothing here is published.
 */
@NullMarked
package io.campanile.benchmarks;

import org.jspecify.annotations.NullMarked;
