package io.campanile.core;

import java.time.Duration;

/**
 * What became of the connections of a drain. Always
 *
 * <pre>
 *     connections = left + told        told = flushed + lost + cut
 * </pre>
 *
 * @param connections those registered when the drain came to their shard; none is registered after that
 * @param left those that ended before their turn came: by themselves, or for another reason such as an eviction
 * @param told those that the drain closed
 * @param flushed of those told, the ones whose transport had taken all that waited, then the close, and has ended
 * @param lost of those told, the ones whose transport ended before it had taken all that waited for them
 * @param cut of those told, the ones whose transport had not ended at the deadline and was aborted
 * @param took from the call to the end of the last transport
 */
public record DrainReport(int connections, int left, int told, int flushed, int lost, int cut, Duration took) {}
