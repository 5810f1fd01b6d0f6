/**
 * Runs what checks the registry's concurrency: jcstress tests and Lincheck models, which stand in the package of the core
 * to reach its parts. Nothing here is published.
 */
@NullMarked
package io.campanile.concurrency;

import org.jspecify.annotations.NullMarked;
