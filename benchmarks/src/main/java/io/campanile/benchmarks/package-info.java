/** Load generator, base line and microbenchmarks. */
package io.campanile.benchmarks;
